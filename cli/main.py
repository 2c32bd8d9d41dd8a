"""The command line. A command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import typer

from cli.card import card
from cli.convert import convert
from cli.evaluate import evaluate
from cli.export import export, verify
from cli.failure import told
from cli.parity import parity
from cli.serve import serve
from cli.train import train

app = typer.Typer(
    help="UMIE: multimodal information extraction.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


for command in (serve, train, evaluate, card, export, verify, convert, parity):
    app.command()(told(command))
