from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.interface import Answer
from service.pipeline.grounding import grounded_records, shown_gate
from tasks.records import Asoc, Record, Region, Span

ANN = Span("Ann", 0, 3)
RECORD = Record("person", ANN, (Asoc("region", Region(1), 0.9), Asoc("friend", ANN, 0.8)))


@given(st.floats(-1.65e-4, 1.65))
def test_a_gate_is_never_shown_below_zero(gate: float) -> None:
    shown = shown_gate(gate)
    assert 0 <= shown <= 1.65 and math.copysign(1.0, shown) == 1.0
    assert abs(shown - gate) <= 1.65e-4


@pytest.mark.parametrize("gate", [0.0, -0.0, -1e-4, 0.00004])
def test_where_the_picture_is_unrelated_no_region_is_kept(gate: float) -> None:
    (record,) = grounded_records([Answer((RECORD,), gate)])
    assert record == Record("person", ANN, (Asoc("friend", ANN, 0.8),))


def test_where_it_is_related_records_stay_as_they_are() -> None:
    assert grounded_records([Answer((RECORD,), 0.0001)]) == [RECORD]


def test_weights_that_choose_between_regions_and_none_keep_theirs_behind_a_closed_gate() -> None:
    (record,) = grounded_records([Answer((RECORD,), 0.0, gated=False)])
    assert record == RECORD
