from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.outputs.resume import ResumeState, options_path
from tasks.errors import DataError

BEGUN = ResumeState({"tasks": ["entities"], "min_score": 0.5}, "abc", "umie-x@1")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "out.ndjson"
    path.parent.mkdir()
    path.write_text("an answer\n", encoding="utf-8")
    BEGUN.write(path)
    return path


def test_the_same_goes_on(out: Path) -> None:
    BEGUN.check(out)
    replace(BEGUN, model=None).check(out)
    assert sorted(path.name for path in out.parent.iterdir()) == [
        out.name,
        f"{out.name}.options.json",
    ]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(BEGUN, options={}), r"started with other options, .*\"min_score\": 0.5"),
        (replace(BEGUN, input="abd"), "started with another input"),
        (BEGUN.for_model("umie-x@2"), "started with umie-x@1, not umie-x@2"),
    ],
)
def test_anything_else_is_refused(out: Path, other: ResumeState, message: str) -> None:
    with pytest.raises(DataError, match=f"{message}.*; use --restart to start over"):
        other.check(out)


def test_an_output_of_somebody_else_is_refused(out: Path) -> None:
    options_path(out).write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        BEGUN.check(out)
    options_path(out).unlink()
    with pytest.raises(DataError, match="was not written by umie batch"):
        BEGUN.check(out)


@pytest.mark.parametrize("empty", [True, False])
def test_where_there_are_no_answers_everything_may_begin(out: Path, empty: bool) -> None:
    out.unlink()
    if empty:
        out.touch()
    replace(BEGUN, options={}).check(out)
