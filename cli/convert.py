"""`umie convert`: a checkpoint of the published code to one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    checkpoint: Annotated[Path, typer.Argument(help="File that the published code wrote (.pth).")],
    tokenizer: Annotated[Path, typer.Option(help="Folder with T5's spiece.model.")],
    out: Annotated[Path, typer.Option(help="Folder for the converted checkpoint.")],
    name: Annotated[str, typer.Option(help="What to call the model.")] = "published",
) -> None:
    """Convert a published checkpoint, fp32 or bf16, keeping its precision.

    Code in the file is never run. Exits with 2 where the file is cut off, foreign or inconsistent.
    """
    from export.conversion import read_published, write_converted

    conversion = read_published(checkpoint, tokenizer, name)
    write_converted(conversion, out)
    config = conversion.checkpoint.model.config
    count = sum(p.numel() for p in conversion.checkpoint.model.parameters())
    precision = str(conversion.dtype).removeprefix("torch.")
    typer.echo(
        f"{out}: {config.preset}, {config.num_layers} + {config.num_decoder_layers} layers of "
        f"{config.d_model}, {config.feed_forward}, {config.vocab_size} tokens, "
        f"{'tied' if config.tie_word_embeddings else 'own'} output embeddings, "
        f"{count:,} parameters, {precision}"
    )
    if conversion.unused:
        typer.echo(f"left behind, since nothing reads them: {', '.join(conversion.unused)}")
