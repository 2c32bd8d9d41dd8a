"""Reports a command's errors in one line and sets its exit code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from tasks.errors import UMIEError

P = ParamSpec("P")

INTERRUPTED = 130


def reports_errors(command: Callable[P, None], name: str | None = None) -> Callable[P, None]:
    """Wrap `command` so that `UMIEError` and OSError are printed in one line, with exit code 2.

    `name` is the command's name, if it is not the function's. An interrupt exits with
    `INTERRUPTED`.
    """
    called = name or command.__name__

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt as error:
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError:
            raise  # the reader closed the pipe, which is not an error
        except (UMIEError, OSError) as error:
            typer.echo(f"umie {called}: {error}", err=True)
            raise typer.Exit(2) from error

    return run
