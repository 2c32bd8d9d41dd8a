"""`umie card`: a model card from an evaluation's results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def card(
    scores: Annotated[Path, typer.Option(help="Results of `umie evaluate --out`.")] = Path(
        "weights/compact/scores.json"
    ),
    template: Annotated[Path, typer.Option(help="The part that is written by hand.")] = Path(
        "weights/compact/card.md.in"
    ),
    out: Annotated[Path, typer.Option(help="File for the card.")] = Path(
        "weights/compact/MODEL_CARD.md"
    ),
) -> None:
    """Fill the hand-written card in with what was measured.

    Exits with 2 where the results or the template cannot be used.
    """
    from tasks.errors import DataError
    from training.evaluation.card import render
    from training.evaluation.results import read_results

    try:
        text = template.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"the card's template cannot be read: {error}") from error
    out.write_text(render(text, read_results(scores)), encoding="utf-8")
    typer.echo(str(out))
