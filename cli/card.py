"""`umie card`: writes a model card from evaluation results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def card(
    scores: Annotated[Path, typer.Option(help="Results of `umie evaluate --out`.")] = Path(
        "weights/standard/scores.json"
    ),
    template: Annotated[Path, typer.Option(help="Hand-written template.")] = Path(
        "weights/standard/card.md.in"
    ),
    out: Annotated[Path, typer.Option(help="File for the card.")] = Path(
        "weights/standard/MODEL_CARD.md"
    ),
) -> None:
    """Fill the template of a model card with evaluation results.

    Exits with 2 if the results or the template cannot be used.
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
