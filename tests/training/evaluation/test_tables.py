from __future__ import annotations

from typing import Any

from training.evaluation import tables
from training.evaluation.calibration import Reliability
from training.evaluation.counts import Counts
from training.evaluation.row import Row


def row(score: str, counts: Counts, *, share: bool = False, **types: Counts) -> dict[str, Any]:
    return Row.of(score, [("a", types or {"": counts})], share=share).to_json()


ENTITIES = row("entities", Counts(), person=Counts(3, 4, 3), place=Counts(0, 0, 1))
RESULTS: dict[str, Any] = {
    "corpora": {
        "twitter2015": {"rows": [ENTITIES, row("entities as strings", Counts(1, 1, 1))]},
        "mnre": {
            "rows": [row("pair relations, accuracy", Counts.share(1, 4), share=True)],
            "compat": [row("pair relations, released evaluator", Counts(2, 2, 2))],
        },
        "samples": {"rows": [row("entities", Counts(5, 5, 5))]},
    },
    "exams": {
        "regions": {"rows": [row("recall@36, people", Counts.share(3, 4), share=True)]},
        "speed": {"milliseconds": {"entities": {"median": 12.4, "p95": 30.6}}},
    },
}


def test_scores_with_intervals_and_counts() -> None:
    lines = tables.scores_table(RESULTS).splitlines()
    assert lines[0] == "| corpus | score | P | R | F1 | 95 % | correct / predicted / gold |"
    assert lines[2] == (
        "| Twitter-2015 | entities | 75.0 | 75.0 | **75.0** | 75.0 to 75.0 | 3 / 4 / 4 |"
    )
    assert lines[3] == (
        "| MNRE v2 | pair relations, accuracy |  |  | **25.0** | 25.0 to 25.0 | 1 / 4 |"
    )
    assert len(lines) == 4
    assert len(tables.scores_table(RESULTS, everything=True).splitlines()) == 6


def test_the_released_evaluators_scores_stand_apart() -> None:
    lines = tables.compat_table(RESULTS).splitlines()
    assert len(lines) == 3 and "released evaluator" in lines[2]
    assert tables.compat_table({"corpora": {}}) == ""


def test_types() -> None:
    lines = tables.types_table(RESULTS).splitlines()
    assert lines[2:] == [
        "| Twitter-2015 | person | 75.0 | 100.0 | 85.7 | 3 / 4 / 3 |",
        "| Twitter-2015 | place | 0.0 | 0.0 | 0.0 | 0 / 0 / 1 |",
    ]
    assert len(tables.types_table(RESULTS, most=1).splitlines()) == 2


def test_evaluation_tasks() -> None:
    assert "| recall@36, people |  |  | **75.0** |" in tables.task_table(RESULTS, "regions")
    assert tables.task_table(RESULTS, "wordings") == "Not measured."
    assert tables.speed_table(RESULTS).splitlines()[2] == "| entities | 12 | 31 |"
    assert tables.dataset_table(RESULTS) == "Not counted."


def test_reliabilities_of_all_corpora_are_put_together() -> None:
    one = Reliability()
    one.add([(0.95, True), (0.95, False), (0.35, False)])
    part = {"reliability": {"entities": one.to_json()}}
    found = tables.reliability_of({"corpora": {"a": part, "b": part, "c": {}}})
    assert found == {"entities": one + one}
    assert tables.error_table(found).splitlines()[2] == "| entities | 41.7 | 6 |"
    lines = tables.reliability_table(found).splitlines()
    assert lines[2] == "| 0.0 to 0.1 |  |"
    assert lines[5] == "| 0.3 to 0.4 | 0.35, 0.00, 2 |"
    assert lines[11] == "| 0.9 to 1.0 | 0.95, 0.50, 4 |"


def test_bars_in_cells_are_escaped() -> None:
    assert tables.table(["a"], [["b | c"]]).splitlines()[2] == "| b \\| c |"
