"""The command line. A command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getdoc
from typing import Annotated

import typer

from cli.batch import batch
from cli.bundle import info
from cli.card import card
from cli.convert import convert
from cli.error_handling import reports_errors
from cli.evaluate import evaluate
from cli.examples import EXAMPLES
from cli.export import export, verify
from cli.extract import extract
from cli.parity import parity
from cli.serve import serve
from cli.train import train

_ASK, _MAKE, _PROVE = "Ask a model", "Make a model", "Judge a model"

_EXIT_CODES = """\
Exit codes
  0    it is done
  1    a check failed, or some documents could not be answered
  2    the call, its input or what it needs is wrong; a line says what
  130  interrupted

Begin with: umie extract 'Steve Jobs founded Apple'
"""

app = typer.Typer(
    help="UMIE: entities, relations, events and image boxes of texts and pictures.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_bundle = typer.Typer(help="Look into bundles.", no_args_is_help=True)


def _add(group: typer.Typer, name: str, command: Callable[..., None], panel: str | None) -> None:
    *_, word = name.split()
    examples = "\n".join(("Examples", *(f"  {line}" for line in EXAMPLES[name])))
    group.command(
        word, help=_flowing(getdoc(command) or ""), epilog=examples, rich_help_panel=panel
    )(reports_errors(command, name))


def _flowing(text: str) -> str:
    """The text with a line for each paragraph, to be broken where the terminal ends."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"umie {version('umie-service')}")
        raise typer.Exit


@app.callback()
def umie(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Every command begins here; the options above are its own."""


for _name, _command, _panel in (
    ("extract", extract, _ASK),
    ("batch", batch, _ASK),
    ("serve", serve, _ASK),
    ("train", train, _MAKE),
    ("convert", convert, _MAKE),
    ("export", export, _MAKE),
    ("evaluate", evaluate, _PROVE),
    ("card", card, _PROVE),
    ("verify", verify, _PROVE),
    ("parity", parity, _PROVE),
):
    _add(app, _name, _command, _panel)
_add(_bundle, "bundle info", info, None)
app.add_typer(_bundle, name="bundle", rich_help_panel=_PROVE)
