from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.training.evaluation.test_card import WHOLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scores.json").write_text(json.dumps(WHOLE), encoding="utf-8")
    (tmp_path / "card.md.in").write_text("# $model\n\n$scores\n", encoding="utf-8")
    return tmp_path


def run(folder: Path) -> Result:
    options = {"scores": "scores.json", "template": "card.md.in", "out": "CARD.md"}
    words = [word for key, name in options.items() for word in (f"--{key}", str(folder / name))]
    return CliRunner().invoke(app, ["card", *words])


def test_the_card_has_the_numbers_of_the_results(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0, result.output
    card = (folder / "CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# umie-made-up@12345678\n")
    row = WHOLE["corpora"]["twitter2015"]["rows"][0]
    assert f"**{row['f1']:.1f}**" in card
    assert f"{row['correct']} / {row['predicted']} / {row['gold']} |" in card


@pytest.mark.parametrize(
    ("file", "text"),
    [("scores.json", None), ("scores.json", "{}"), ("card.md.in", None), ("card.md.in", "$sales")],
)
def test_what_cannot_be_used_is_told(folder: Path, file: str, text: str | None) -> None:
    (folder / file).unlink()
    if text is not None:
        (folder / file).write_text(text, encoding="utf-8")
    result = run(folder)
    assert result.exit_code == 2 and result.stderr.startswith("umie card: ")
    assert not (folder / "CARD.md").exists()
