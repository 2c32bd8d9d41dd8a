"""Answers to standard output, in the format that was asked for."""

from __future__ import annotations

from typing import Protocol

import typer

from cli.answering.answer import Answered
from cli.inputs.document import Document
from cli.outputs.format import Format
from cli.outputs.table import Tables
from service.extraction import Extraction


def print_single(document: Document, extraction: Extraction, form: Format) -> None:
    """Print the answer to the one document that was named."""
    if form == "table":
        Tables().answer(extraction)
    elif form == "json":
        typer.echo(extraction.model_dump_json(indent=2))
    else:
        typer.echo(Answered.of(document.id, extraction).model_dump_json())


class Writer(Protocol):
    """Prints answers to several documents, one after the other."""

    def put(self, answered: Answered) -> None:
        """Print an answer, or keep it for the end."""

    def end(self) -> None:
        """Print what is left."""


def writer_for(form: Format) -> Writer:
    """A writer in a format."""
    if form == "table":
        return TableWriter()
    return ListWriter() if form == "json" else LineWriter()


class TableWriter:
    """Tables below the documents' names; errors go to standard error."""

    def __init__(self) -> None:
        self._tables = Tables()

    def put(self, answered: Answered) -> None:
        """Print tables."""
        if answered.error is not None:
            typer.echo(f"{answered.id}: {answered.error.detail}", err=True)
        if answered.extraction is not None:
            self._tables.title(answered.id)
            self._tables.answer(answered.extraction)

    def end(self) -> None:
        """Nothing is left."""


class LineWriter:
    """One JSON object a line."""

    def put(self, answered: Answered) -> None:
        """Print a line."""
        typer.echo(answered.model_dump_json())

    def end(self) -> None:
        """Nothing is left."""


class ListWriter:
    """One JSON list."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def put(self, answered: Answered) -> None:
        """Keep it."""
        self._lines.append(answered.model_dump_json())

    def end(self) -> None:
        """Print the list, an answer a line."""
        typer.echo("[" + ",\n ".join(self._lines) + "]")
