"""`umie serve`: runs the HTTP service."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from tasks.errors import UMIEError


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the exported model.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve a bundle over HTTP. Options override UMIE_ environment variables."""
    from service.settings import load_settings

    settings = load_settings(host=host, port=port, bundle=bundle, log_level=log_level)
    from service.server import run  # slow: imports the libraries of the model

    try:
        run(settings)
    except SystemExit as error:  # uvicorn exits like this after logging why it cannot start
        raise typer.Exit(2) from error
    except (UMIEError, OSError) as error:
        if settings.log_format == "text":
            raise
        logging.getLogger("umie").error("%s", error)
        raise typer.Exit(2) from error
