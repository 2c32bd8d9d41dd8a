"""The documents that the arguments of `umie extract` name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from cli.inputs.document import Document, decode_text, is_picture, shown
from cli.inputs.document_files import DOCUMENTS
from cli.inputs.folder import documents_in
from tasks.errors import DataError

STDIN = "-"
_TABLES = frozenset({".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"})


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """Documents; `single` where the call names one, and not a folder that happens to hold one."""

    documents: list[Document]
    single: bool


def named_documents(
    texts: Sequence[str], image: Path | None, files: Sequence[Path]
) -> NamedDocuments:
    """What arguments, `--image` and `--file` stand for, in this order; "-" reads standard input.

    An argument that names a file of a known kind is that file, any other is a text. Raises
    `DataError` where something is not there, `typer.BadParameter` where the call makes no sense.
    """
    documents: list[Document] = []
    for number, text in enumerate(texts, start=1):
        documents += _of_path(Path(text)) if _names_file(text) else [_of_argument(number, text)]
    for path in files:
        documents += _of_path(path)
    if image is not None:
        documents = [_with_image(documents, image)]
    if not documents:
        raise typer.BadParameter("give a text, - for standard input, --file or --image")
    return NamedDocuments(
        documents, len(texts) + len(files) <= 1 and not any(p.is_dir() for p in files)
    )


def _names_file(argument: str) -> bool:
    path = Path(argument)
    known = path.suffix.lower() in DOCUMENTS or is_picture(path)
    return known and os.path.isfile(argument)  # unlike Path's, takes a text of any length


def _of_argument(number: int, argument: str) -> Document:
    if argument == STDIN:
        text = decode_text(sys.stdin.buffer.read(), "standard input")
        return Document(STDIN, {"text": text})
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError as error:
        raise DataError(f"text {number} is not in UTF-8") from error
    if os.path.isfile(argument):
        typer.echo(f"{shown(argument)} is taken for a text; --file reads the file", err=True)
    return Document(str(number), {"text": argument})


def _of_path(path: Path) -> Iterator[Document]:
    if path.is_dir():
        yield from documents_in(path)
        return
    if not path.is_file():
        raise DataError(f"{shown(path)} is no file and no folder")
    if path.suffix.lower() in _TABLES:
        raise DataError(f"{shown(path)} holds many documents; umie batch reads it")
    if is_picture(path):
        yield Document(shown(path), image=path)
    else:
        yield Document(shown(path), text=path)


def _with_image(documents: Sequence[Document], image: Path) -> Document:
    if not image.is_file():
        raise DataError(f"{shown(image)} is no file")
    if not documents:
        return Document(shown(image), image=image)
    if len(documents) > 1 or documents[0].image is not None:
        raise typer.BadParameter("--image goes with one text; folders pair texts and pictures")
    return replace(documents[0], image=image)
