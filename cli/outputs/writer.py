"""Writers of answers to standard output: tables, JSON or NDJSON."""

from __future__ import annotations

from typing import Protocol

import typer

from cli.backends.answer import DocumentAnswer
from cli.inputs.document import Document
from cli.outputs.answer_table import Tables
from cli.outputs.format import Format
from schema.extraction import Extraction


def print_single(
    document: Document, extraction: Extraction, text: str | None, form: Format
) -> None:
    """Print the answer to the one document that was named."""
    if form == "table":
        Tables().answer(extraction)
    elif form == "json":
        typer.echo(extraction.model_dump_json(indent=2))
    else:
        typer.echo(DocumentAnswer.of(document.id, extraction, text).model_dump_json())


class Writer(Protocol):
    """Prints answers to several documents, one after the other."""

    def put(self, answer: DocumentAnswer) -> None:
        """Print an answer, or buffer it until `end`."""

    def end(self) -> None:
        """Print what is buffered."""


def writer_for(form: Format) -> Writer:
    """A writer in a format."""
    if form == "table":
        return TableWriter()
    return ListWriter() if form == "json" else LineWriter()


class TableWriter:
    """Tables below the documents' names; errors go to standard error."""

    def __init__(self) -> None:
        self._tables = Tables()

    def put(self, answer: DocumentAnswer) -> None:
        """Print tables."""
        if answer.error is not None:
            typer.echo(f"{answer.id}: {answer.error.detail}", err=True)
        if answer.extraction is not None:
            self._tables.title(answer.id)
            self._tables.answer(answer.extraction)

    def end(self) -> None:
        """Nothing is buffered."""


class LineWriter:
    """One JSON object a line."""

    def put(self, answer: DocumentAnswer) -> None:
        """Print a line."""
        typer.echo(answer.model_dump_json())

    def end(self) -> None:
        """Nothing is buffered."""


class ListWriter:
    """One JSON list."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def put(self, answer: DocumentAnswer) -> None:
        """Buffer the answer."""
        self._lines.append(answer.model_dump_json())

    def end(self) -> None:
        """Print the list, an answer a line."""
        typer.echo("[" + ",\n ".join(self._lines) + "]")
