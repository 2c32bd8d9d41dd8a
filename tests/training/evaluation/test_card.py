from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import DataError
from tests.support.evaluator import FakeEvaluator
from tests.training.evaluation.test_tables import RESULTS, row
from training.evaluation.calibration import Reliability
from training.evaluation.card import FIELDS, render
from training.evaluation.counts import Counts
from training.evaluation.robustness import ALONE, UNRELATED

SURE = Reliability()
SURE.add([(0.85, True), (0.85, False)])
EXAMPLE = {
    "corpus": "conll04",
    "task": "joint relations",
    "text": "Ann lives in Oslo",
    "said": ["person: Ann"],
    "wanted": [],
}
WHOLE: dict[str, Any] = {
    "format": 1,
    "model": "umie-made-up@12345678",
    "subject": FakeEvaluator.about,
    "options": {
        "split": "test",
        "limit": 20,
        "label_order": "inventory",
        "decoding": "constrained",
        "m2e2": "strict",
        "pictures": ["gmner"],
    },
    "corpora": {
        name: {
            **part,
            "unasked": 2 if name == "mnre" else 0,
            "reliability": {"entities": SURE.to_json()},
            "examples": [EXAMPLE] if name == "mnre" else [],
        }
        for name, part in RESULTS["corpora"].items()
    },
    "exams": {
        **RESULTS["exams"],
        "speed": {
            **RESULTS["exams"]["speed"],
            "requests": 24,
            "threads": 1,
            "machine": "Abacus, 2 logical cores",
        },
        "pictures": {"rows": [row(ALONE, Counts(4, 4, 4)), row(UNRELATED, Counts(3, 4, 4))]},
        "data": {
            "rows": [
                {
                    "corpus": "casie",
                    "licence": "none stated",
                    "trained": 1234,
                    "leaks": 5,
                    "left": 6,
                    "asked": 78,
                }
            ]
        },
    },
}


def filled(name: str) -> str:
    return render(f"${name}", WHOLE)


def test_numbers_are_those_of_the_results() -> None:
    assert filled("model") == "umie-made-up@12345678"
    assert "| entities | 75.0 | 75.0 | **75.0** | 75.0 to 75.0 | 3 / 4 / 4 |" in filled("scores")
    assert "| Twitter-2015 | person | 75.0 | 100.0 | 85.7 | 3 / 4 / 3 |" in filled("types")
    assert "| CASIE | 1,234 | 5 | 78 | none stated |" in filled("data")
    assert "6 of CASIE" in filled("left")
    assert "2 of MNRE v2" in filled("unasked")
    assert "**75.0**" in filled("regions")
    assert filled("wordings") == "Not measured."
    assert filled("drop") == (
        "An unrelated picture takes the F1 of posts from 100.0 to 75.0 (-25.0)."
    )
    # three corpora, half of the answers right at a score of 0.85
    assert "| entities | 35.0 | 6 |" in filled("calibration")
    assert "0.85, 0.50, 6" in filled("calibration")
    speed = filled("speed")
    assert "24 requests" in speed and "1 thread, Abacus" in speed and "| 12 | 31 |" in speed
    assert "| parameters, network | 1,234,567 |" in filled("size")
    assert "| fusion.onnx | 4,096 bytes |" in filled("size")


def test_the_protocol_is_stated() -> None:
    protocol = filled("protocol")
    for part in ("test, the first 20", "inventory", "constrained", "GMNER", "1000", "strict"):
        assert part in protocol


def test_wrong_answers_are_shown_with_their_source() -> None:
    line = "| CoNLL04, MIT | joint relations | Ann lives in Oslo | person: Ann | nothing |"
    assert line in filled("failures")


def test_the_hand_written_part_stays_as_it_is() -> None:
    template = "# $model\n\nIt costs $$5 | a bar\n\n${left}\n"
    text = render(template, WHOLE)
    assert text.startswith("# umie-made-up@12345678\n\nIt costs $5 | a bar\n\nDocuments")


@pytest.mark.parametrize("template", ["$sales", "a $ alone", "${"])
def test_unknown_names_in_a_template_are_errors(template: str) -> None:
    with pytest.raises(DataError, match="template"):
        render(template, WHOLE)


def test_incomplete_results_are_errors() -> None:
    with pytest.raises(DataError, match="results"):
        render("$model", {"model": "x", "options": {}, "corpora": {}, "exams": {}})


def test_missing_measurements_have_a_note() -> None:
    bare = {**WHOLE, "subject": {"kind": "service"}, "corpora": {}, "exams": {}}
    for name in FIELDS:
        render(f"${name}", bare)
    assert render("$size $speed $drop", bare) == "Not known. Not measured. Not measured."
    assert render("$unasked", bare) == "Every question could be asked."
