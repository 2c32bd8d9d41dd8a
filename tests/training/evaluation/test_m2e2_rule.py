from __future__ import annotations

from training.evaluation.boxes import overlapping
from training.evaluation.m2e2_rule import M2E2Rule


def test_rules_have_descriptions() -> None:
    assert "inside" not in M2E2Rule.STRICT.description and M2E2Rule.STRICT.boxes is overlapping
    assert "90 % inside" in M2E2Rule.WASE.description and "place" not in M2E2Rule.WASE.description
    assert "place left out" in M2E2Rule.WASE_WITHOUT_PLACE.description
    assert [rule.left_out for rule in M2E2Rule] == [set(), set(), {"place"}]
