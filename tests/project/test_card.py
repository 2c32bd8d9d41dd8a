"""The model card is what the committed results render to, and may be published."""

from __future__ import annotations

from pathlib import Path

from training.evaluation.card import render
from training.evaluation.examples import SHOWN
from training.evaluation.results import read_results

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "standard"
CARD, SCORES, TEMPLATE = (WEIGHTS / name for name in ("MODEL_CARD.md", "scores.json", "card.md.in"))
RENDERED = "This card is rendered by `umie card`"


def test_the_card_is_rendered_from_the_results() -> None:
    """As soon as there are results, or a card that says that it was rendered from some."""
    card, template = CARD.read_text(encoding="utf-8"), TEMPLATE.read_text(encoding="utf-8")
    assert RENDERED in template
    if SCORES.exists() or RENDERED in card:
        assert card == render(template, read_results(SCORES))


def test_results_show_no_text_that_may_not_be_shown() -> None:
    parts = read_results(SCORES)["corpora"] if SCORES.exists() else {}
    for name, part in parts.items():
        assert name in SHOWN or not part.get("examples")
        assert all(example["corpus"] == name for example in part.get("examples", ()))
