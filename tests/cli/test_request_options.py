from __future__ import annotations

from pathlib import Path

import pytest

from cli.request_options import RequestOptions
from tasks.errors import DataError


def test_options_become_a_requests_fields() -> None:
    asking = RequestOptions("entities, events", "twitter4", "band,city", None, "concert", 0.0)
    assert asking.fields() == {
        "tasks": ["entities", "events"],
        "ontology": "twitter4",
        "entity_types": ["band", "city"],
        "event_types": ["concert"],
        "min_score": 0.0,
    }
    assert RequestOptions().fields() == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [("own.yaml", "entities: [ship]\n"), ("own.JSON", '{"entities": ["ship"]}')],
)
def test_an_ontology_can_stand_in_a_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    asking = RequestOptions(ontology=str(tmp_path / name))
    assert asking.fields() == {"ontology": {"entities": ["ship"]}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"a: [", "is not plain YAML or JSON"),
        (b"a: &b 1\nc: *b\n", "aliases"),
        (b"name: 2020-01-01\n", "is not plain YAML or JSON"),
        (b"\xff", "is not plain YAML or JSON"),
        (b"[ship]", "is not an ontology"),
    ],
)
def test_a_file_without_an_ontology_is_told(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "own.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        RequestOptions(ontology=str(path)).fields()
