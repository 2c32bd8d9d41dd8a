"""`umie convert`: converts a checkpoint of the published code to one of this project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def convert(
    checkpoint: Annotated[
        Path, typer.Argument(help="Checkpoint file of the published code (.pth).")
    ],
    tokenizer: Annotated[Path, typer.Option(help="Folder with T5's spiece.model.")],
    out: Annotated[Path, typer.Option(help="Folder for the converted checkpoint.")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "published",
    gate_pool: Annotated[
        Literal["masked", "all"],
        typer.Option(help="What the gate averages over: the tokens of the text, or padding too."),
    ] = "masked",
    tower: Annotated[
        Path | None,
        typer.Option(
            help="CLIP RN101's weights, a file or its folder; without it, texts only.",
            show_default=False,
        ),
    ] = None,
    positional: Annotated[
        Literal["learned", "zero"],
        typer.Option(
            help="The tower's positional embedding: its own, or zeros as in the published code.",
        ),
    ] = "zero",
) -> None:
    """Convert a published checkpoint, fp32 or bf16, keeping its precision.

    Code in the file is never executed. The published gate averages over padding ("all"), so results
    depend on the other texts of a batch; with "masked" they do not. Exits with 2 if the file is
    truncated, of another format or inconsistent.
    """
    from export.clip_weights import read_clip_tower
    from export.conversion import read_published, write_converted
    from models.clip_config import ClipTowerConfig

    clip = read_clip_tower(tower, ClipTowerConfig(positional=positional)) if tower else None
    conversion = read_published(checkpoint, tokenizer, name, gate_pool, clip)
    write_converted(conversion, out)
    config = conversion.checkpoint.model.config
    count = sum(p.numel() for p in conversion.checkpoint.model.parameters())
    precision = str(conversion.dtype).removeprefix("torch.")
    typer.echo(
        f"{out}: {config.preset}, {config.num_layers} + {config.num_decoder_layers} layers of "
        f"{config.d_model}, {config.feed_forward}, {config.vocab_size} tokens, "
        f"{'tied' if config.tie_word_embeddings else 'own'} output embeddings, "
        f"{count:,} parameters, {precision}; "
        f"{'with a CLIP tower' if clip is not None else 'texts only, without a visual tower'}"
    )
    if conversion.unused:
        typer.echo(f"unused weights, not converted: {', '.join(conversion.unused)}")
