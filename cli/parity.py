"""`umie parity`: compares the network with recorded outputs of the published code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def parity(
    folder: Annotated[
        Path, typer.Argument(help="Folder with config.json, state_dict and recorded cases.")
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(help="Compare this bundle; same weights, with the gate pool all."),
    ] = None,
) -> None:
    """Print the largest difference of every recorded tensor.

    With a bundle, ONNX Runtime and the bundle's decoder compute the outputs. Exits with 1 if a
    difference exceeds the tolerance, with 2 if a file cannot be read.
    """
    from export import bundle_parity
    from export import parity as network_parity

    if bundle is None:
        differences, tolerance = network_parity.parity(folder), network_parity.TOLERANCE
    else:
        differences = bundle_parity.bundle_parity(folder, bundle)
        tolerance = bundle_parity.TOLERANCE
    typer.echo(f"{'tensor':18} {'largest':>9} {'of tolerance':>13}  case")
    for name, difference in sorted(network_parity.worst(differences).items()):
        mark = "" if difference.within else "  BEYOND"
        numbers = f"{difference.largest:9.2e} {difference.excess:13.1%}"
        typer.echo(f"{name:18} {numbers}  {difference.case}{mark}")
    typer.echo(network_parity.summary(differences, tolerance))
    if not all(difference.within for difference in differences):
        raise typer.Exit(1)
