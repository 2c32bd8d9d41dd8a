from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rdflib import Graph

from cli.backends.answer import DocumentAnswer, Failure
from cli.outputs.formats import check_ending, check_own, finish, lines_path
from schema.extraction import Extraction
from tasks.errors import DataError
from tests.cli.fakes import FULL, found

TEXT = "Ann met 東京"
ANSWERS = [
    DocumentAnswer.of("a\nb", FULL, TEXT),
    DocumentAnswer.of("b", Failure(type="refused", detail="not\nthis one"), "refuse"),
    DocumentAnswer.of("c", found(text="")),
]


def written(tmp_path: Path, name: str, answers: list[DocumentAnswer] = ANSWERS) -> Path:
    out = tmp_path / name
    lines = [answer.model_dump_json() + "\n" for answer in answers]
    lines_path(out).write_text("".join(lines), encoding="utf-8")
    finish(out)
    assert not out.with_name(f"{name}.new").exists()
    return out


def test_csv_has_a_row_for_each_document(tmp_path: Path) -> None:
    with written(tmp_path, "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a\nb", "b", "c"]
    assert [row["text"] for row in rows] == [TEXT, "refuse", ""]
    assert json.loads(rows[1]["error"])["detail"] == "not\nthis one" and not rows[1]["entities"]
    parts = {
        name: json.loads(cell) if cell[:1] in ("[", "{") else cell for name, cell in rows[0].items()
    }
    assert parts["entities"] == [entity.model_dump() for entity in FULL.entities]
    assert parts["model"] == FULL.model and rows[0].keys() > Extraction.model_fields.keys()


def test_parquet_has_the_same_in_nested_columns(tmp_path: Path) -> None:
    rows = pq.read_table(written(tmp_path, "a.parquet")).to_pylist()
    assert [(row["id"], row["text"]) for row in rows] == [
        ("a\nb", TEXT),
        ("b", "refuse"),
        ("c", None),
    ]
    extraction = {name: rows[0][name] for name in Extraction.model_fields}
    assert Extraction.model_validate(extraction) == FULL
    assert rows[1]["error"]["type"] == "refused" and rows[1]["entities"] is None
    assert rows[2]["entities"] == [] and rows[2]["error"] is None


def test_columns_of_parquet_do_not_depend_on_what_was_found(tmp_path: Path) -> None:
    schemas = [
        pq.read_schema(written(tmp_path, f"{number}.parquet", [answer]))
        for number, answer in enumerate(ANSWERS)
    ]
    assert schemas[0] == schemas[1] == schemas[2]
    assert pq.read_table(written(tmp_path, "none.parquet", [])).num_rows == 0


def test_turtle_holds_all_graphs(tmp_path: Path) -> None:
    out = written(tmp_path, "a.ttl")
    values = {str(node) for node in Graph().parse(out, format="turtle").objects()}
    assert {TEXT, "Ann", "東京"} <= values
    assert '# "not\\nthis one"\n' in out.read_text(encoding="utf-8")


def test_lines_of_json_are_the_output_themselves(tmp_path: Path) -> None:
    for name in ("a.ndjson", "a.JSONL"):
        out = tmp_path / name
        assert lines_path(out) == out
        finish(out)
        assert not out.exists()


@pytest.mark.parametrize("name", ["a", "a.json", "a.xlsx", "a.csv.gz"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"in one of \.jsonl, \.ndjson, \.csv, \.parquet, \.ttl"):
        check_ending(Path(name))


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("a.parquet", "pyarrow.parquet", "tables"), ("a.ttl", "umie_client.linked", "linked")],
)
def test_what_a_form_needs_is_told(
    name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_ending(Path(name))
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow" if extra == "tables" else "rdflib", None)
    with pytest.raises(DataError, match=rf"umie-service\[{extra}\]"):
        check_ending(Path(name))


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    out = written(tmp_path, "a.csv")
    check_own(out)
    lines_path(out).unlink()
    with pytest.raises(
        DataError, match="was not written by umie batch; use --restart to start over"
    ):
        check_own(out)
    check_own(tmp_path / "b.csv")


def test_an_output_that_cannot_be_made_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = written(tmp_path, "a.csv")
    whole = out.read_bytes()
    lines_path(out).write_text("{", encoding="utf-8")
    with pytest.raises(ValueError):
        finish(out)
    assert out.read_bytes() == whole and not out.with_name("a.csv.new").exists()
