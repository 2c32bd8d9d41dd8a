"""The answers that the documents show are those that are given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs_answers import PAGES, ask, examples
from tests.support.shown import WIDTH, shown

EXAMPLES = [example for page in PAGES if page.parent.name == "docs" for example in examples(page)]


def same(told: Any, given: Any) -> bool:
    """Whether both say the same; other processors add up in another order, and times differ."""
    if isinstance(told, dict) and isinstance(given, dict):
        keys = told.keys() - {"timing_ms"}
        return told.keys() == given.keys() and all(same(told[k], given[k]) for k in keys)
    if isinstance(told, list) and isinstance(given, list):
        return len(told) == len(given) and all(map(same, told, given))
    if isinstance(told, float) and isinstance(given, float):
        return abs(told - given) <= 0.02 + 0.002 * abs(told)
    return bool(told == given)


@pytest.mark.parametrize(("command", "answers"), EXAMPLES, ids=[c for c, _ in EXAMPLES])
def test_the_answers_shown_are_those_given(
    served: str, command: str, answers: list[dict[str, Any]]
) -> None:
    given = ask(command, served)
    assert same(answers, given), f"given now:\n{shown(given)}\npython -m tests.docs_answers"


def test_numbers_may_differ_a_little_and_nothing_else() -> None:
    assert same({"a": [0.5], "timing_ms": 1}, {"a": [0.51], "timing_ms": 2})
    assert not same({"a": [0.5]}, {"a": [0.6]})
    assert not same({"a": 1}, {"a": 2})
    assert not same({"a": 1}, {"b": 1})
    assert not same([1], [1, 2])


def test_answers_are_shown_in_lines_that_can_be_read() -> None:
    region = {"id": "O1", "label": "people, most likely", "score": 0.5, "box": [0.0, 43.5, 9.9]}
    line = '{"id": "O1", "label": "people, most likely", "score": 0.5, "box": [0.0, 43.5, 9.9]}'
    answer = {"image": {"width": 1}, "regions": [region, region], "events": [], "gate": 0.0}
    assert shown(answer) == (
        '{"image": {"width": 1},\n'
        f' "regions": [{line},\n'
        f"             {line}],\n"
        ' "events": [], "gate": 0.0}'
    )
    assert max(map(len, shown(answer).splitlines())) <= WIDTH
