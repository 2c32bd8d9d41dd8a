"""Writes results as linked data in Turtle: the graphs of all documents in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from cli.backends.answer import DocumentAnswer
from tasks.errors import DataError


def check_rdflib() -> None:
    """Raise `DataError` if rdflib is not installed."""
    from umie_client.errors import MissingExtra

    try:
        import umie_client.linked  # noqa: F401
    except MissingExtra as error:
        raise DataError(str(error)) from error


def write_turtle(answers: Iterable[DocumentAnswer], path: Path) -> None:
    """Write each document's graph after a comment with its id; errors are comments.

    Node names are derived from the text, so two documents with the same text share nodes.
    """
    from umie_client.linked import turtle_of

    with path.open("w", encoding="utf-8") as file:
        for answer in answers:
            file.write(f"# {json.dumps(answer.id)}\n")
            if answer.error is not None:
                file.write(f"# {json.dumps(answer.error.detail)}\n")
            if answer.extraction is not None:
                file.write(turtle_of(answer.extraction, answer.text or ""))
