"""`umie bundle`: shows a bundle without loading it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def info(
    path: Annotated[Path, typer.Argument(help="Folder of a bundle, or of a checkpoint.")],
    check: Annotated[
        bool, typer.Option("--check", help="Compare every file with its SHA-256.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the contents of a bundle: model, sizes, tower, files, precision, parity, licence.

    Exits with 1 if a file is missing or, with --check, altered; with 2 if there is neither a bundle
    nor a checkpoint.
    """
    from cli.inspection.contents import contents_of

    contents = contents_of(path, check=check)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(contents), indent=2))
    else:
        from cli.outputs.contents_table import print_contents

        print_contents(contents)
    if not contents.intact:
        raise typer.Exit(1)
