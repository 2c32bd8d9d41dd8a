from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.inputs.column_names import DEFAULT, ColumnNames
from cli.inputs.readers import documents_of
from tasks.errors import DataError

NAMES = ColumnNames("key", "body", "photo")
ROW = {"key": "a", "body": "Ann", "photo": "a.jpg", "text": "other", "id": "other", "date": "2020"}


def write(path: Path) -> Path:
    if path.suffix == ".csv":
        path.write_text(f"{','.join(ROW)}\n{','.join(ROW.values())}\n", encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([ROW]), path)
    else:
        path.write_text(json.dumps(ROW), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_columns_can_have_other_names(tmp_path: Path, name: str) -> None:
    documents = documents_of(write(tmp_path / name), NAMES)
    (document,) = documents.read()
    assert (document.id, dict(document.fields)) == ("a", {"text": "Ann"})
    assert document.image == tmp_path / "a.jpg"
    assert documents.left_out == ("text", "id", "date")


def test_keys_can_have_other_names_and_unknown_ones_stay(tmp_path: Path) -> None:
    (document,) = documents_of(write(tmp_path / "a.ndjson"), NAMES).read()
    assert (document.id, dict(document.fields)) == ("a", {"text": "Ann", "date": "2020"})


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    with pytest.raises(DataError, match="has no column 'words'; it has key, body, photo, text"):
        documents_of(path, ColumnNames(text="words"))
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="set them with --text-column and --image-column"):
        documents_of(path)


def test_other_names_make_another_input(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    digests = {documents_of(path, names).digest for names in (DEFAULT, NAMES, ColumnNames())}
    assert len(digests) == 2


def test_a_folder_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann", encoding="utf-8")
    with pytest.raises(DataError, match="is a folder; column names are for tables"):
        documents_of(tmp_path, NAMES)


def test_standard_input_is_lines_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = b'{"body": "Ann", "image": "p/a.jpg"}\n{"body": "Bob"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    documents = documents_of(Path("-"), ColumnNames(text="body"))
    for _ in range(2):
        first, second = documents.read()
        assert first.fields == {"text": "Ann"} and first.image == Path("p/a.jpg")
        assert second.fields == {"text": "Bob"} and second.id == "2"
    assert documents.count == 2 and documents.digest is not None
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    with pytest.raises(DataError, match="standard input has no documents"):
        documents_of(Path("-"))
