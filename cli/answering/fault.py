"""Errors of the tree as failures, in the API's words."""

from __future__ import annotations

from cli.answering.answer import Failure
from service.api.problems import kind_of
from tasks.errors import DataError, UMIEError

UNREADABLE = "unreadable-input"
"""The word for a file or a row that cannot be read; the API has none, since it reads no files."""


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
