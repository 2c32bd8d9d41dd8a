"""`umie export` and `umie verify`: exports a checkpoint to a bundle, and compares both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

CheckpointOption = Annotated[Path, typer.Option(help="Folder of the trained checkpoint.")]
EncoderOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of all-mpnet-base-v2, for checkpoints without encoder; default: the cache."
    ),
]


def export(
    checkpoint: CheckpointOption = Path("weights/standard"),
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")] = Path("bundles/standard"),
    precision: Annotated[
        Literal["fp32", "int8"],
        typer.Option(help="Precision of the fusion graph; int8 is smaller and faster on CPUs."),
    ] = "fp32",
    encoder: EncoderOption = None,
) -> None:
    """Write the bundle that the service loads: ONNX graphs, decoder, tokenizer, manifest.

    A text encoder that the checkpoint does not include is downloaded once into ~/.cache/umie or
    UMIE_CACHE; hashes are checked. Exits with 2 if the export fails; an existing bundle is kept.
    """
    from export.checkpoint import load_checkpoint, needs_encoder
    from export.exporter import export_bundle
    from export.pretrained_encoder import obtain_encoder

    if needs_encoder(checkpoint):
        encoder = obtain_encoder(encoder, typer.echo).parent
    manifest = export_bundle(load_checkpoint(checkpoint, encoder), out, typer.echo, precision)
    typer.echo(f"{manifest.version} in {out}")


def verify(
    checkpoint: CheckpointOption = Path("weights/standard"),
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path("bundles/standard"),
    encoder: EncoderOption = None,
) -> None:
    """Print the largest difference between torch and ONNX Runtime, output by output.

    Exits with 1 if one exceeds the tolerance, with 2 if there is nothing to compare.
    """
    from export import verify
    from export.checkpoint import load_checkpoint
    from export.manifest import read_manifest

    precision = read_manifest(bundle).precision
    differences = verify.compare(load_checkpoint(checkpoint, encoder), bundle)
    for name, difference in differences.items():
        typer.echo(f"{name:10} {difference:.2e}")
    wrong = verify.beyond(differences, precision)
    largest = max((wrong or differences).values())
    typer.echo(f"largest    {largest:.2e}  (tolerance {verify.TOLERANCES[precision]:.0e})")
    if wrong:
        raise typer.Exit(1)
