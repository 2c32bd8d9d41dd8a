"""Converts exceptions to failures with the API's problem types."""

from __future__ import annotations

from cli.backends.answer import Failure
from service.http.problems import kind_of
from tasks.errors import DataError, UMIEError

UNREADABLE = "unreadable-input"
"""The type of failures to read a file or a row, which the API does not have."""


def failure_of(error: UMIEError) -> Failure:
    """Why a document has no answer."""
    if isinstance(error, DataError):
        return Failure(type=UNREADABLE, detail=str(error))
    kind = kind_of(error)
    return Failure(
        type=kind.type,
        detail=str(error),
        field=getattr(error, "field", kind.field),
        limit=getattr(error, "limit", None),
    )
