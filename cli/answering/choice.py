"""Who answers, from a command's options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.panels import WHOM

if TYPE_CHECKING:
    from cli.answering.answer import Answerer

BundleOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a bundle to ask in this process; UMIE_BUNDLE or bundles/compact by "
        "default. The other UMIE_ settings count, too.",
        rich_help_panel=WHOM,
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        help="Address of a service that runs, such as http://localhost:8000.",
        rich_help_panel=WHOM,
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key", help="The service's key.", envvar="UMIE_API_KEY", rich_help_panel=WHOM
    ),
]


def only_one(bundle: Path | None, url: str | None) -> None:
    """Raise `typer.BadParameter` where the options name two."""
    if bundle is not None and url is not None:
        raise typer.BadParameter("give one of --bundle and --url")


def choose(bundle: Path | None, url: str | None, key: str | None) -> Answerer:
    """The service at `url`, or the bundle.

    Raises what loading the one or reaching the other raises.
    """
    if url is not None:
        from cli.answering.remote import RemoteAnswerer

        return RemoteAnswerer.reach(url, key)
    from cli.answering.local import LocalAnswerer

    return LocalAnswerer.load(bundle)
