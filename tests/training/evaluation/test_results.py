from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.errors import DataError
from training.evaluation.results import Results, read_results

OPTIONS = {"split": "test", "limit": 0}


def begin(path: Path, *, model: str = "a", limit: int = 0, resume: bool = True) -> Results:
    return Results.begin(model, {"kind": "x"}, {**OPTIONS, "limit": limit}, path, resume=resume)


def test_every_finished_part_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new/scores.json"
    results = begin(path)
    assert not path.exists()
    results.put("corpora", "mnre", {"rows": []})
    assert read_results(path)["corpora"] == {"mnre": {"rows": []}}
    results.put("exams", "speed", {"requests": 1})
    assert read_results(path)["exams"] == {"speed": {"requests": 1}}
    assert [p.name for p in path.parent.iterdir()] == ["scores.json"]


def test_a_run_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    begin(path).put("corpora", "mnre", {"rows": [1]})
    again = begin(path)
    assert again.has("corpora", "mnre") and not again.has("corpora", "casie")
    again.put("corpora", "casie", {"rows": [2]})
    assert read_results(path)["corpora"] == {"mnre": {"rows": [1]}, "casie": {"rows": [2]}}


@pytest.mark.parametrize(("model", "limit", "said"), [("b", 0, "model is a"), ("a", 9, "options")])
def test_other_results_are_not_mixed_in_or_overwritten(
    tmp_path: Path, model: str, limit: int, said: str
) -> None:
    path = tmp_path / "scores.json"
    begin(path).put("corpora", "mnre", {"rows": [1]})
    with pytest.raises(DataError, match=said):
        begin(path, model=model, limit=limit)
    assert read_results(path)["corpora"]
    fresh = begin(path, model=model, limit=limit, resume=False)
    assert not fresh.has("corpora", "mnre")


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    results = Results.begin("a", {}, OPTIONS, resume=True)
    results.put("corpora", "mnre", {})
    assert results.has("corpora", "mnre")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 0}', json.dumps({"format": 1, "model": "a"})]
)
def test_invalid_results_files_are_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scores.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.json"):
        read_results(path)
    with pytest.raises(DataError, match="is not a results file"):
        read_results(tmp_path / "missing.json")
