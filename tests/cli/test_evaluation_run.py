from __future__ import annotations

from pathlib import Path

import pytest

from cli.evaluation_run import (
    EvaluationRun,
    pictures_of,
    requested_corpora,
    requested_tasks,
    summary_lines,
)
from tasks.errors import DataError
from tests.support.evaluator import FakeEvaluator
from tests.support.training import write_data
from tests.training.evaluation.test_pictures import draw
from tests.training.evaluation.test_tables import ENTITIES
from training.evaluation.evaluation import CORPORA_ASKED, EVALUATION_TASKS, Evaluation, Options
from training.evaluation.results import Results, read_results

BLIND = FakeEvaluator(sees=False, proposes=False)


def evaluation_run(
    data: Path, evaluator: FakeEvaluator, out: Path, *, resume: bool = False
) -> EvaluationRun:
    options = Options()
    results = Results.begin(evaluator.name, {}, options.to_json(), out, resume=resume)
    return EvaluationRun(Evaluation(data, evaluator, options), results, out.with_suffix(".md"))


def test_what_is_finished_is_not_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "scores.json"
    evaluation_run(data, FakeEvaluator(), out).run(["mnre", "twitter2017"], [])
    first = read_results(out)
    again = FakeEvaluator()
    evaluation_run(data, again, out, resume=True).run(["mnre", "twitter2017", "casie"], ["regions"])
    assert {q.example.text for q in again.asked} <= {"hacked", "Thieves hacked bank 9."}
    second = read_results(out)
    assert list(second["corpora"]) == ["mnre", "twitter2017", "casie"]
    assert second["corpora"]["mnre"] == first["corpora"]["mnre"]
    assert list(second["exams"]) == ["regions"]
    assert "mnre: done before" in capsys.readouterr().err
    table = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "| MNRE v2 | pair relations | 100.0" in table and "CASIE" in table


def test_what_breaks_off_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "scores.json"
    (data / "mnre/mnre_test.txt").unlink()
    held = evaluation_run(data, FakeEvaluator(), out)
    held.run(["mnre", "twitter2017"], [])
    assert held.failed == ["mnre"]
    assert list(read_results(out)["corpora"]) == ["twitter2017"]
    assert "mnre_test.txt is missing" in capsys.readouterr().err


def test_a_part_is_told_in_lines() -> None:
    part = {
        "rows": [ENTITIES],
        "compat": [ENTITIES],
        "milliseconds": {"entities": {"median": 1.5, "p95": 2.5}},
        "unasked": 3,
        "pictures missing": 0,
        "rule": "strict",
    }
    assert list(summary_lines("mnre", part)) == [
        "| mnre | entities | 75.00 | 75.00 | 75.00 | 75.00 to 75.00 | 3 / 4 / 4 |",
        "| mnre | entities | 75.00 | 75.00 | 75.00 | 75.00 to 75.00 | 3 / 4 / 4 |",
        "mnre: entities: median 1.5 ms, 95th percentile 2.5 ms",
        "mnre: 3 unasked",
        "mnre: arguments in pictures, strict",
    ]
    assert list(summary_lines("data", {"rows": [{"corpus": "mnre", "left": 0}]})) == [
        "data: corpus mnre, left 0"
    ]


def test_the_usual_corpora_are_those_that_can_be_asked() -> None:
    assert requested_corpora(None, "test", FakeEvaluator()) == list(CORPORA_ASKED)
    assert "flickr8k" not in requested_corpora(None, "test", BLIND)
    assert "m2e2" not in requested_corpora(None, "dev", FakeEvaluator())
    assert requested_corpora("mnre, flickr8k,", "dev", FakeEvaluator()) == ["mnre", "flickr8k"]


@pytest.mark.parametrize(
    ("named", "split", "said"),
    [
        ("imagenet", "test", "imagenet"),
        ("m2e2", "dev", "m2e2 has no split 'dev'"),
        ("mnre", "tomorrow", "tomorrow"),
        ("flickr8k", "test", "visual tower"),
    ],
)
def test_corpora_that_cannot_be_asked_are_told(named: str, split: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        requested_corpora(named, split, BLIND)


def test_tasks_are_those_that_are_possible() -> None:
    assert requested_tasks(None, True, FakeEvaluator()) == list(EVALUATION_TASKS)
    assert requested_tasks(None, False, FakeEvaluator()) == []
    assert requested_tasks("none", True, FakeEvaluator()) == []
    assert requested_tasks("speed, data", False, BLIND) == ["speed", "data"]
    assert requested_tasks(None, True, BLIND) == ["wordings", "speed", "data"]
    assert "regions" not in requested_tasks(None, True, FakeEvaluator(proposes=False))
    for named in ("swimming", "regions"):
        with pytest.raises(DataError, match=named):
            requested_tasks(named, True, BLIND)


def test_pictures_are_given_by_corpus(tmp_path: Path) -> None:
    draw(tmp_path / "12.jpg")
    assert pictures_of([f"gmner={tmp_path}"])["gmner"].of("12") == tmp_path / "12.jpg"
    assert pictures_of([]) == {}
    for wrong in ("gmner", f"imagenet={tmp_path}", "gmner=", f"gmner={tmp_path / 'none'}"):
        with pytest.raises(DataError):
            pictures_of([wrong])
