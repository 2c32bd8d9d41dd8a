"""`umie parity`: our network beside recorded outputs of the published code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def parity(
    folder: Annotated[
        Path, typer.Argument(help="Folder with config.json, state_dict and recorded cases.")
    ],
) -> None:
    """Print the largest difference of every recorded tensor.

    Exits with 1 where one is beyond the tolerance, with 2 where the folder cannot be read.
    """
    from export.parity import ATOL, RTOL, worst
    from export.parity import parity as measure

    differences = measure(folder)
    typer.echo(f"{'tensor':18} {'largest':>9} {'of tolerance':>13}  case")
    for name, difference in sorted(worst(differences).items()):
        mark = "" if difference.within else "  BEYOND"
        numbers = f"{difference.largest:9.2e} {difference.excess:13.1%}"
        typer.echo(f"{name:18} {numbers}  {difference.case}{mark}")
    beyond = sum(not difference.within for difference in differences)
    typer.echo(
        f"{len(differences)} tensors, {beyond} beyond atol {ATOL:.0e} + rtol {RTOL:.0e}; ids exact"
    )
    if beyond:
        raise typer.Exit(1)
