"""The documents in the arguments of `umie extract`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from cli.inputs.document import Document, is_picture
from cli.inputs.files import decode_text, shown
from cli.inputs.folder import documents_in
from service.documents.process import DOCUMENTS
from tasks.errors import DataError

STDIN = "-"
_TABLES = frozenset({".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"})


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """Documents of a command.

    Attributes:
        documents: the documents.
        single: whether the arguments name one document, and not a folder with one.
    """

    documents: list[Document]
    single: bool


def named_documents(
    texts: Sequence[str], image: Path | None, files: Sequence[Path]
) -> NamedDocuments:
    """Return the documents of the arguments, in order.

    Args:
        texts: texts, or paths of files with a known suffix; "-" reads standard input.
        image: value of `--image`.
        files: values of `--file`.

    Raises:
        DataError: a file is missing or cannot be read.
        typer.BadParameter: the combination of arguments is invalid.
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
        typer.echo(f"{shown(argument)} is used as a text; --file reads the file", err=True)
    return Document(str(number), {"text": argument})


def _of_path(path: Path) -> Iterator[Document]:
    if path.is_dir():
        yield from documents_in(path)
        return
    if not path.is_file():
        raise DataError(f"{shown(path)} is not a file or folder")
    if path.suffix.lower() in _TABLES:
        raise DataError(f"{shown(path)} contains many documents; use umie batch")
    if is_picture(path):
        yield Document(shown(path), image=path)
    else:
        yield Document(shown(path), text=path)


def _with_image(documents: Sequence[Document], image: Path) -> Document:
    if not image.is_file():
        raise DataError(f"{shown(image)} is not a file")
    if not documents:
        return Document(shown(image), image=image)
    if len(documents) > 1 or documents[0].image is not None:
        raise typer.BadParameter(
            "--image needs exactly one text; use a folder to pair texts and images"
        )
    return replace(documents[0], image=image)
