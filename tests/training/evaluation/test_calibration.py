from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tasks.ontology import NONE
from tasks.records import Asoc, Record, Region
from tests.training.evaluation.test_grounding import BOXES, HALF, asked
from tests.training.evaluation.test_spans import AGAIN, ANN, NASA, entity, question
from training.evaluation.calibration import Reliability, fillers, pairs, regions, spots
from training.evaluation.question import Prediction


def test_the_error_is_the_mean_distance_weighted_by_answers() -> None:
    one = Reliability()
    one.add([(0.95, True), (0.95, True), (0.95, False), (0.25, False)])
    # |1.9 + 0.95 - 2| = 0.85 in the last bin, |0.25 - 0| in the third, over four answers
    assert one.error == pytest.approx((0.85 + 0.25) / 4)
    assert (one.answers[9], one.right[9], one.answers[2], sum(one.answers)) == (3, 2, 1, 4)
    assert Reliability().error == 0.0


def test_edges_belong_to_the_upper_bin() -> None:
    one = Reliability()
    one.add([(0.0, False), (0.1, False), (0.5, True), (1.0, True)])
    assert [k for k, answers in enumerate(one.answers) if answers] == [0, 1, 5, 9]


def test_reliabilities_add_up_and_survive_json() -> None:
    one, other = Reliability(), Reliability()
    one.add([(0.95, True)])
    other.add([(0.95, False), (0.3, True)])
    both = one + other
    assert both.answers[9] == 2 and both.right[9] == 1 and both.scores[9] == pytest.approx(1.9)
    assert Reliability.from_json(json.loads(json.dumps(both.to_json()))) == both


def test_spans_are_judged_once_each() -> None:
    about = question(entity(ANN))
    said = Prediction(
        (replace(entity(ANN), score=0.9), entity(ANN), entity(AGAIN), Record("x", None))
    )
    assert list(spots(said, about)) == [(0.9, True), (0.5, False), (0.5, False)]


def test_pairs_are_judged_none_included() -> None:
    about = question(Record(None, ANN, (Asoc(NONE, NASA),)))
    right = Prediction((Record(None, ANN, (Asoc(NONE, NASA, 0.8),)),))
    wrong = Prediction((Record(None, ANN, (Asoc("knows", NASA, 0.7),)),))
    assert list(pairs(right, about)) == [(0.8, True)]
    assert list(pairs(wrong, about)) == [(0.7, False)]


def test_arguments_are_judged_by_role_and_place() -> None:
    about = question(Record("meet", None, (Asoc("guest", ANN), Asoc("scene", Region(2)))))
    asocs = (Asoc("guest", AGAIN, 0.1), Asoc("guest", ANN, 0.2), Asoc("scene", Region(2), 0.3))
    said = Prediction((Record("meet", None, asocs),))
    assert list(fillers(said, about)) == [(0.1, False), (0.2, True), (0.3, True)]


def test_regions_are_judged_where_the_entity_is_right() -> None:
    about = asked([entity(ANN), entity(NASA, "organization")], (HALF,), ())
    named = replace(entity(ANN), asocs=(Asoc("region", Region(1), 0.6),))
    other = replace(named, asocs=(Asoc("region", Region(2), 0.4),))
    assert list(regions(Prediction((named,), BOXES), about)) == [(0.6, True)]
    assert list(regions(Prediction((other,), BOXES), about)) == [(0.4, False)]
    nowhere = replace(named, span=AGAIN)
    assert list(regions(Prediction((nowhere, entity(ANN)), BOXES), about)) == []
    unseen = replace(named, label="organization", span=NASA)
    assert list(regions(Prediction((unseen,), BOXES), about)) == [(0.6, False)]
