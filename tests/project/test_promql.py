"""The reader of expressions finds what is wrong with them."""

from __future__ import annotations

import pytest

from tests.project.promql import faults_of, groupings_in, matchers_in, metrics_in


def test_names_are_found_in_an_expression() -> None:
    expression = 'sum by (le) (rate(a_total{b="c"}[5m])) / ignoring (x) (d:e:f > bool 0) or 1e3'
    assert metrics_in(expression) == {"a_total", "d:e:f"}
    assert list(matchers_in(expression)) == [("a_total", "b", "c")]
    assert groupings_in(expression) == {"le", "x"}


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("umie_queue_lenght", "no metric umie_queue_lenght"),
        ('umie_queue_depth{stage="read"}', "umie_queue_depth has no label stage"),
        (
            'umie_requests_total{outcome=~"ok|fine"}',
            "umie_requests_total has no outcome fine",
        ),
        ("sum by (endpoint) (umie_queue_depth)", "nothing has endpoint"),
        (
            'umie_request_duration_seconds_bucket{le="2"}',
            "umie_request_duration_seconds_bucket has no le 2",
        ),
    ],
)
def test_faults_are_found(expression: str, fault: str) -> None:
    assert faults_of(expression) == [fault]


def test_what_is_right_has_no_faults() -> None:
    right = (
        'sum by (job, le) (rate(umie_request_duration_seconds_bucket{le="2.5"}[5m])) and on () up'
    )
    assert faults_of(right) == []
