from __future__ import annotations

from tests.training.evaluation.test_relations import related
from tests.training.evaluation.test_spans import ANN, NASA, entity, question
from training.evaluation import calibration
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import NO_PREDICTION, Prediction
from training.evaluation.relations import accuracy
from training.evaluation.spans import exactly, typed


def test_every_score_has_its_row() -> None:
    about = [question(entity(ANN)), question(entity(NASA, "organization"))]
    said = [Prediction((entity(ANN),)), NO_PREDICTION]
    metric = Metric("entities", {"entities": exactly(typed)}, judges={"e": calibration.spots})
    outcome = Outcome(metric, about, said)
    (row,) = outcome.rows()
    assert (row.score, row.correct, row.predicted, row.gold) == ("entities", 1, 1, 2)
    assert outcome.unasked == 1 and not row.share
    assert sum(outcome.reliabilities()["e"].answers) == 1


def test_shares_are_marked() -> None:
    metric = Metric("pairs", {"accuracy": accuracy}, shares=frozenset({"accuracy"}))
    (row,) = Outcome(metric, [question(*related("knows"))], [Prediction()]).rows()
    assert row.share and (row.correct, row.gold) == (0, 1)
