"""Selects the backend from a command's options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.help_panels import WHOM

if TYPE_CHECKING:
    from cli.backends.answer import Backend

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
    """Raise `typer.BadParameter` if both --bundle and --url are given."""
    if bundle is not None and url is not None:
        raise typer.BadParameter("give one of --bundle and --url")


def choose(bundle: Path | None, url: str | None, key: str | None) -> Backend:
    """The service at `url`, or the bundle.

    Raises what loading the bundle or connecting to the service raises.
    """
    if url is not None:
        from cli.backends.remote import RemoteBackend

        return RemoteBackend.reach(url, key)
    from cli.backends.local import LocalBackend

    return LocalBackend.load(bundle)
