"""How a command fails: one line that says what is wrong, and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from tasks.errors import UMIEError

P = ParamSpec("P")


def told(command: Callable[P, None]) -> Callable[P, None]:
    """`command` with the project's own errors told in one line, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except UMIEError as error:
            typer.echo(f"umie {command.__name__}: {error}", err=True)
            raise typer.Exit(2) from error

    return run
