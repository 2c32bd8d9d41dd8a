"""NDJSON, CSV, TSV and Parquet: one table in four forms."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.inputs.readers import documents_of
from tasks.errors import DataError, FieldError

ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": 'Ann, "so"\nmet Bob', "image": "pictures/a.jpg"},
    {"id": "7", "image": "pictures/a.jpg", "min_score": 0.5, "regions": [[1, 2, 3, 4]]},
    {"text": "Bob", "tasks": ["entities", "events"], "entity_types": ["person"]},
    {"id": "d", "text": "Bob", "ontology": "twitter4"},
    {"id": "e", "text": "Bob", "ontology": {"entities": ["ship"]}},
]
COLUMNS = sorted({name for row in ROWS for name in row})


def write_ndjson(path: Path) -> Path:
    lines = (
        "\n\n".join(json.dumps(row) for row in ROWS[:2])
        + "\n"
        + "\n".join(json.dumps(row) for row in ROWS[2:])
    )
    path.write_text("\N{ZERO WIDTH NO-BREAK SPACE}" + lines, encoding="utf-8")
    return path


def write_csv(path: Path, delimiter: str = ",") -> Path:
    import csv

    def cell(value: Any) -> str:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return ", ".join(value)
        return json.dumps(value) if isinstance(value, (list, dict)) else str(value)

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "date"], delimiter=delimiter)
        writer.writeheader()
        for row in ROWS:
            writer.writerow({name: cell(value) for name, value in row.items()} | {"date": "2020"})
    return path


def write_tsv(path: Path) -> Path:
    return write_csv(path, "\t")


def write_parquet(path: Path) -> Path:
    kinds = {
        "regions": pa.list_(pa.list_(pa.int64())),
        "tasks": pa.list_(pa.string()),
        "entity_types": pa.list_(pa.string()),
        "min_score": pa.float64(),
    }
    columns = {
        name: pa.array([row.get(name) for row in ROWS], kinds.get(name, pa.string()))
        for name in COLUMNS
        if name != "ontology"
    }
    names = [row.get("ontology") for row in ROWS]
    columns["ontology"] = pa.array([n if isinstance(n, str) else None for n in names], pa.string())
    columns["date"] = pa.array(["2020"] * len(ROWS))
    pq.write_table(pa.table(columns), path)
    return path


FORMS: dict[str, Callable[[Path], Path]] = {
    "ndjson": write_ndjson,
    "jsonl": write_ndjson,
    "csv": write_csv,
    "TSV": write_tsv,
    "parquet": write_parquet,
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_hold_the_same_documents(form: str, tmp_path: Path) -> None:
    documents = documents_of(FORMS[form](tmp_path / f"posts.{form}"))
    found = list(documents.read())
    assert documents.count == len(found) == len(ROWS)
    assert [d.id for d in found] == ["a", "7", "4" if "json" in form else "3", "d", "e"]
    assert found[0].image == found[1].image == tmp_path / "pictures" / "a.jpg"
    for document, row in zip(found, ROWS, strict=True):
        wanted = {name: value for name, value in row.items() if name not in ("id", "image")}
        if form == "parquet" and document.id == "e":
            del wanted["ontology"]  # a column is of one kind
        assert document.fault is None and dict(document.fields) == wanted
    assert documents.left_out == (() if "json" in form else ("date",))
    assert documents.digest is not None and len(documents.digest) == 64
    assert [d.id for d in documents.read()] == [d.id for d in found]


def test_a_broken_line_of_json_stays_one_document(tmp_path: Path) -> None:
    path = tmp_path / "posts.ndjson"
    lines = [b'{"text": "Ann"}', b"{", b"[1]", b'{"text": "\xff"}', b'{"image": 5}', b'{"id": []}']
    path.write_bytes(b"\n".join([*lines, b"[" * 100_000, b'{"text": "\\ud800"}']))
    faults = [str(document.fault) for document in documents_of(path).read()]
    assert faults == [
        "None",
        "row 2: is not JSON in UTF-8",
        "row 3: must be one JSON object",
        "row 4: is not JSON in UTF-8",
        "image must be the path of a file",
        "row 6: id must be a string or a number",
        "row 7: is not JSON in UTF-8",
        "row 8: is not JSON in UTF-8",
    ]


def test_a_broken_row_of_a_table_stays_one_document(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(
        'id,text,min_score,regions\na,Ann,,\nb,Bob\nc,Bob,,,more\nd,Bob,high,\ne,Bob,,"[[1,"\n',
        encoding="utf-8",
    )
    faults = {document.id: document.fault for document in documents_of(path).read()}
    assert faults["a"] is None
    assert [str(faults[name]) for name in ("2", "3")] == [
        f"row {row}: must have as many cells as the header" for row in (2, 3)
    ]
    for name, message in (("d", "min_score must be a number"), ("e", "regions must be JSON")):
        fault = faults[name]
        assert isinstance(fault, FieldError) and str(fault) == message


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "neither a column 'text' nor a column 'image'"),
        ("a.csv", b"id,words\n1,Ann\n", "neither a column 'text' nor a column 'image'"),
        ("a.csv", b"text,text\nAnn,Bob\n", "two columns 'text'"),
        ("a.csv", b"text\n", "has no documents"),
        ("a.csv", b"text\n\xff\n", "is not in UTF-8"),
        ("a.csv", b'text\nAnn\n"Bob\n', "line 3: unexpected end of data"),
        ("a.ndjson", b"\n\n", "has no documents"),
        ("a.parquet", b"PAR1", "is not a Parquet file"),
        ("a.xlsx", b"", "must be a folder or end in .ndjson, .jsonl, .csv, .tsv, .parquet"),
    ],
)
def test_what_holds_no_documents_is_told(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        documents_of(tmp_path / name)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"posts\.csv is not a file or folder"):
        documents_of(tmp_path / "posts.csv")


def test_a_folder_is_told_apart_by_names(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann", encoding="utf-8")
    documents = documents_of(tmp_path)
    assert documents.digest is None and documents.count == 1


def test_parquet_without_pyarrow_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "posts.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"umie-service\[tables\]"):
        documents_of(path)
