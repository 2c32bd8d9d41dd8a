"""The command line. A command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import typer

from cli.convert import convert
from cli.evaluate import evaluate
from cli.export import export, verify
from cli.parity import parity
from cli.serve import serve
from cli.train import train

app = typer.Typer(
    help="UMIE: multimodal information extraction.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _umie() -> None:
    """Keep `umie serve` a subcommand however many commands there are."""


app.command()(serve)
app.command()(train)
app.command()(evaluate)
app.command()(export)
app.command()(verify)
app.command()(convert)
app.command()(parity)
