"""How a command fails: one line that says what is wrong, and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from tasks.errors import UMIEError

P = ParamSpec("P")

INTERRUPTED = 130


def told(command: Callable[P, None], name: str | None = None) -> Callable[P, None]:
    """`command` with the project's own errors and those of files told in one line.

    `name` is what it is called by, if that is not the function's name. An interruption ends it with
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
            raise  # whoever read has had enough: nothing is wrong
        except (UMIEError, OSError) as error:
            typer.echo(f"umie {called}: {error}", err=True)
            raise typer.Exit(2) from error

    return run
