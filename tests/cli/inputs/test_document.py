from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.inputs.document import Document
from cli.inputs.files import shown
from tasks.errors import DataError, FieldError


def test_files_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    text, image = tmp_path / "a.txt", tmp_path / "a.jpg"
    document = Document("a", {"min_score": 0.5}, text=text, image=image)
    text.write_bytes(b"\xef\xbb\xbfAnn\r\nmet Bob\n")
    image.write_bytes(b"picture")
    request = document.request()
    assert request == {"min_score": 0.5, "text": "Ann\r\nmet Bob\n", "image": b"picture"}


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"a\.txt is not text in UTF-8"):
        Document("a", text=tmp_path / "a.txt").request()
    with pytest.raises(DataError, match=r"b\.jpg cannot be read: No such file"):
        Document("b", image=tmp_path / "b.jpg").request()
    with pytest.raises(DataError, match="cannot be read"):
        Document("c", image=Path("a\0b")).request()
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        Document("d", image=tmp_path).request()


def test_a_fault_is_raised_in_place_of_a_request() -> None:
    with pytest.raises(FieldError, match="no"):
        Document("a", fault=FieldError("no", field="image")).request()


def test_odd_paths_can_be_shown() -> None:
    assert shown(os.fsdecode(b"caf\xe9.txt")) == "caf\N{REPLACEMENT CHARACTER}.txt"
    assert len(shown("a" * 500)) < 110
