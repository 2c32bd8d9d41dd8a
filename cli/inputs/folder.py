"""The documents in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from cli.inputs.document import Document, is_picture
from service.documents.process import DOCUMENTS
from tasks.errors import DataError

TEXT = ".txt"
"""Suffix of the text files that are paired with images."""


def documents_in(folder: Path) -> list[Document]:
    """Find the documents and images under `folder`, sorted by id.

    An image and a .txt with the same path except for the suffix are one document; every other file
    is a document of its own. The id is the relative path of the image, or of the text. Files of
    other types and hidden files are ignored.

    Raises:
        DataError: there are no documents and no images.
    """
    paths = sorted(_files(folder), key=lambda path: path.as_posix())
    texts = {path.with_suffix(""): path for path in paths if path.suffix.lower() == TEXT}
    pictures = [path for path in paths if is_picture(path)]
    paired = {path.with_suffix("") for path in pictures}
    found = [_document(folder, path, texts.get(path.with_suffix(""))) for path in pictures]
    found += [_document(folder, None, path) for stem, path in texts.items() if stem not in paired]
    found += [
        _document(folder, None, path) for path in paths if path.suffix.lower() in DOCUMENTS - {TEXT}
    ]
    if not found:
        kinds = ", ".join(f"*{ending}" for ending in sorted(DOCUMENTS))
        raise DataError(f"{folder} has no documents ({kinds}) and no images (*.jpg, *.png, …)")
    return sorted(found, key=lambda document: document.id)


def _files(folder: Path) -> list[Path]:
    try:
        return [
            path
            for path in folder.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(folder).parts)
            and path.is_file()
        ]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error}") from error


def _document(folder: Path, picture: Path | None, text: Path | None) -> Document:
    named = picture or text
    assert named is not None
    path = named.relative_to(folder).as_posix()
    name = os.fsencode(path).decode("utf-8", errors="replace")
    return Document(name, text=text, image=picture)
