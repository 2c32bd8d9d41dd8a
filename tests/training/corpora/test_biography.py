from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tasks.errors import DataError
from training.corpora.biography import read_biographies
from training.corpora.records import OpenRecord


def packed(folder: Path, text: str, name: str = "wikipedia_datav1.0/wikipedia.train") -> None:
    with tarfile.open(folder / "wikipedia_datav1.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))


def read(folder: Path, html: str, page: str = "Ada_Byron") -> list[OpenRecord]:
    packed(folder, f"url=http://en.wikipedia.org/wiki/{page}\n{html}\n\n")
    return [r for split in ("train", "dev") for r in read_biographies(folder, split)]


def said(record: OpenRecord) -> set[tuple[str, str, str]]:
    names = [record.text[m.start : m.end] for m in record.document.mentions]
    return {(names[r.head], r.type, names[r.tail]) for r in record.relations or ()}


def test_links_are_related_to_the_person_named_nearest(tmp_path: Path) -> None:
    html = (
        '<b>Ada Byron</b> is from <a href="/x" relation="birth_place">Bonn</a>, near '
        '<a href="/y">Kent</a><sup><a href="#1">1</a></sup>. Later she saw '
        '<a href="/z" relation="visited">Rome &amp; Oslo</a>.'
    )
    (record,) = read(tmp_path, html)
    assert record.text == "Ada Byron is from Bonn, near Kent. Later she saw Rome & Oslo."
    assert said(record) == {
        ("Ada Byron", "birth place", "Bonn"),
        ("she", "none", "Kent"),
        ("she", "visited", "Rome & Oslo"),
    }
    assert (record.source, record.commercial, record.entities) == ("Ada_Byron", False, None)


def test_a_paragraph_that_does_not_name_the_person_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, '<a href="/x" relation="visited">Bonn</a> is a city.') == []


def test_a_name_with_a_place_has_no_surname(tmp_path: Path) -> None:
    html = 'Denmark won. <a href="/x">Bonn</a> fell.'
    assert read(tmp_path, html, "Eric_of_Denmark") == []


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Ada_Byron: unknown relation 'kin'"):
        read(tmp_path, 'She saw <a href="/x" relation="kin">Bonn</a>.')
    packed(tmp_path, "", "other.txt")
    with pytest.raises(DataError, match="cannot be read"):
        list(read_biographies(tmp_path, "train"))
