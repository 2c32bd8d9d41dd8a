"""Selects the backend from a command's options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.help_panels import BACKEND

if TYPE_CHECKING:
    from cli.backends.answer import Backend

BundleOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a bundle to load in this process; default UMIE_BUNDLE or bundles/standard. "
        "Other UMIE_ settings apply too.",
        rich_help_panel=BACKEND,
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        help="URL of a running service, such as http://localhost:8000.",
        rich_help_panel=BACKEND,
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key", help="API key of the service.", envvar="UMIE_API_KEY", rich_help_panel=BACKEND
    ),
]


def only_one(bundle: Path | None, url: str | None) -> None:
    """Raise `typer.BadParameter` if both --bundle and --url are given."""
    if bundle is not None and url is not None:
        raise typer.BadParameter("give only one of --bundle and --url")


def choose(bundle: Path | None, url: str | None, key: str | None) -> Backend:
    """The service at `url`, or the bundle.

    Raises what loading the bundle or connecting to the service raises.
    """
    if url is not None:
        from cli.backends.remote import RemoteBackend

        return RemoteBackend.reach(url, key)
    from cli.backends.local import LocalBackend

    return LocalBackend.load(bundle)
