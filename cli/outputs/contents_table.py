"""The contents of a bundle or checkpoint as text tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.inspection.contents import Contents, File
from cli.outputs.answer_table import PLAIN_WIDTH, one_line
from export.manifest import FORMAT

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def print_contents(contents: Contents) -> None:
    """Print model, configuration, files and the largest differences from torch."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    console.print(Text(contents.version or contents.name, style="bold"))
    _print(console, "", list(_facts(contents)))
    _print(console, "about the weights", list(_about(contents.about)))
    _print(console, "files", [_file(file) for file in contents.files])
    differences = [(name, f"{value:.1e}") for name, value in contents.differences.items()]
    _print(console, "largest differences between torch and ONNX Runtime", differences)


def _print(console: Console, title: str, rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    if title:
        console.print(Text(f"\n{title}", style="cyan"))
    console.print(table)


def _facts(contents: Contents) -> Iterator[tuple[str, ...]]:
    network, tower, prompt = contents.network, contents.tower, contents.prompt
    if contents.format is None:
        yield "kind", contents.kind
    else:
        known = (
            ""
            if contents.format == FORMAT
            else f", this version supports {FORMAT}: export it again"
        )
        yield "kind", f"{contents.kind}, format {contents.format}{known}"
    yield "preset", f"{network.get('preset')}, text encoder {network.get('text_encoder')}"
    layers = f"{network.get('num_layers')} + {network.get('num_decoder_layers')}"
    yield (
        "network",
        f"{layers} layers of {network.get('d_model')}, {network.get('num_heads')} heads, "
        f"{network.get('vocab_size')} tokens",
    )
    if tower is None:
        yield "tower", "none: text only"
    else:
        yield "tower", f"{tower.get('kind', 'compact')}, {tower.get('image_size')} pixels a side"
    if "max_text_tokens" in prompt:
        yield "texts", f"at most {prompt['max_text_tokens']} tokens with their instruction"
    if contents.precision is not None:
        yield "precision", f"{contents.precision}, opset {contents.opset}"


def _about(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """The metadata of the weights, one row per value."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _about(value, f"{prefix}{name} ")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(str(item) for item in value)
        else:
            yield f"{prefix}{name}", str(value)


def _file(file: File) -> tuple[str, ...]:
    state = {None: "", True: "intact", False: "ALTERED"}[file.intact]
    return (
        file.name,
        "MISSING" if file.bytes is None else _size(file.bytes),
        file.precision or "",
        "" if file.parameters is None else f"{file.parameters:,} numbers",
        (file.sha256 or "")[:12],
        "" if file.bytes is None else state,
    )


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"
