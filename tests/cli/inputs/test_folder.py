from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.inputs.folder import documents_in
from tasks.errors import DataError


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_pictures_go_with_the_texts_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "a.JPG", "a.png", "b.txt", "c.webp", "x/a.txt", "x/a.jpeg", "x/d.TXT")
    documents = documents_in(tmp_path)
    found = {d.id: (d.text and d.text.name, d.image and d.image.name) for d in documents}
    assert found == {
        "a.JPG": ("a.txt", "a.JPG"),
        "a.png": ("a.txt", "a.png"),
        "b.txt": ("b.txt", None),
        "c.webp": (None, "c.webp"),
        "x/a.jpeg": ("a.txt", "a.jpeg"),
        "x/d.TXT": ("d.TXT", None),
    }
    assert [d.id for d in documents] == sorted(found)
    assert documents[0].request() == {"text": "a.txt", "image": b"a.JPG"}


def test_other_files_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "notes.odt", "answers.ndjson", "._a.jpg", ".git/b.txt", "b.txt.bak")
    assert [d.id for d in documents_in(tmp_path)] == ["a.txt"]


def test_documents_of_other_kinds_stand_alone(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "a.jpg", "a.pdf", "a.md", "b.docx", "b.HTML", "b.heic", "c.htm")
    found = {d.id: (d.text and d.text.name, d.image is not None) for d in documents_in(tmp_path)}
    assert found == {
        "a.jpg": ("a.txt", True),
        "a.md": ("a.md", False),
        "a.pdf": ("a.pdf", False),
        "b.HTML": ("b.HTML", False),
        "b.docx": ("b.docx", False),
        "b.heic": (None, True),
        "c.htm": ("c.htm", False),
    }


def test_a_hidden_folder_can_be_named_itself(tmp_path: Path) -> None:
    fill(tmp_path, ".photos/a.jpg")
    assert [d.id for d in documents_in(tmp_path / ".photos")] == ["a.jpg"]


@pytest.mark.parametrize("names", [(), ("notes.odt",)])
def test_a_folder_without_documents_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    fill(tmp_path, *names)
    with pytest.raises(DataError, match="has no documents"):
        documents_in(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf_8_can_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"Ann")
    (document,) = documents_in(tmp_path)
    assert document.id.encode() and document.request() == {"text": "Ann"}
