"""The command line. Commands import lazily, so that the help is fast."""

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

_USE, _MAKE, _EVALUATE = "Use a model", "Create a model", "Evaluate a model"

_EXIT_CODES = """\
Exit codes
  0    success
  1    a check failed, or some documents failed
  2    invalid arguments or input, or something is missing; an error message is printed
  130  interrupted

Start with: umie extract 'Steve Jobs founded Apple'
"""

app = typer.Typer(
    help="UMIE: entities, relations, events and image boxes from texts and images.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_bundle = typer.Typer(help="Inspect bundles.", no_args_is_help=True)


def _add(group: typer.Typer, name: str, command: Callable[..., None], panel: str | None) -> None:
    *_, word = name.split()
    examples = "\n".join(("Examples", *(f"  {line}" for line in EXAMPLES[name])))
    group.command(
        word, help=_flowing(getdoc(command) or ""), epilog=examples, rich_help_panel=panel
    )(reports_errors(command, name))


def _flowing(text: str) -> str:
    """Join the lines of each paragraph, so that the terminal wraps them."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"umie {version('umie-service')}")
        raise typer.Exit


@app.callback()
def umie(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options of the program itself."""


for _name, _command, _panel in (
    ("extract", extract, _USE),
    ("batch", batch, _USE),
    ("serve", serve, _USE),
    ("train", train, _MAKE),
    ("convert", convert, _MAKE),
    ("export", export, _MAKE),
    ("evaluate", evaluate, _EVALUATE),
    ("card", card, _EVALUATE),
    ("verify", verify, _EVALUATE),
    ("parity", parity, _EVALUATE),
):
    _add(app, _name, _command, _panel)
_add(_bundle, "bundle info", info, None)
app.add_typer(_bundle, name="bundle", rich_help_panel=_EVALUATE)
