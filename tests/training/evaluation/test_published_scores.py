from __future__ import annotations

import pytest

from training.evaluation.published_parser import Item, ParsedTarget
from training.evaluation.published_scores import (
    PublishedScore,
    score_published,
    score_two_stages,
)


def spots(*items: Item) -> ParsedTarget:
    return ParsedTarget(spots=items)


def asocs(*items: Item) -> ParsedTarget:
    return ParsedTarget(asocs=items)


def test_every_prediction_uses_up_one_gold_item() -> None:
    scores = score_published([spots(("a", "x"))], [spots(("a", "x"), ("a", "x"))])
    assert scores.spots == PublishedScore(tp=1, fp=1, fn=0)


def test_a_gold_item_that_occurs_twice_is_found_by_one_prediction() -> None:
    scores = score_published([spots(("a", "x"), ("a", "x"), ("b", "y"))], [spots(("a", "x"))])
    assert scores.spots == PublishedScore(tp=1, fp=0, fn=1)


def test_samples_are_kept_apart() -> None:
    scores = score_published([spots(("a", "x")), spots()], [spots(), spots(("a", "x"))])
    assert scores.spots == PublishedScore(tp=0, fp=1, fn=1)


def test_percentages_are_rounded_on_the_way() -> None:
    score = PublishedScore(tp=2, fp=2, fn=1)
    assert score.precision == 50.0
    assert score.recall == pytest.approx(66.67)
    assert score.f1 == pytest.approx(57.14)
    third = PublishedScore(tp=1, fp=2, fn=2)
    assert third.f1 == pytest.approx(33.33)
    assert PublishedScore(0, 0, 0).f1 == 0.0


def test_overall_adds_the_two() -> None:
    both = ParsedTarget(spots=(("a", "x"),), asocs=(("a", "r", "y"),))
    assert score_published([both], [both]).overall_f1 == pytest.approx(200.0)


def test_an_argument_counts_under_the_first_predicted_trigger() -> None:
    gold = [asocs(("meet", "place", "Oslo")), asocs(("meet", "place", "Rome"))]
    decoded = [asocs(("attack", "place", "Oslo")), asocs(("meet", "place", "Rome"))]
    triggers = [spots(("meet", "met"), ("attack", "hit")), spots()]
    scores = score_two_stages(([spots(("meet", "met")), spots()], triggers), (gold, decoded))
    assert scores.asocs == PublishedScore(tp=1, fp=1, fn=1)
    assert scores.spots == PublishedScore(tp=1, fp=1, fn=0)
