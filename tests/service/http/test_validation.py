from __future__ import annotations

from typing import Any

import httpx
import pytest

from schema.requests import ExtractBody
from service.http.validation import extraction_request
from service.settings import Settings
from tasks.errors import FieldError, LabelError, TextTooLong, UMIEError, UnknownOntology
from tests.service.fakes import TEXT, FakeEngine

YAML = """
name: chess
title: Openings
entities:
  - name: player
    codes: [PLY]
  - opening
relations:
  - {name: beats, head: [player], tail: [player]}
events:
  - {name: move, roles: [mover, square]}
"""
TREE = {
    "name": "chess",
    "title": "Openings",
    "entities": [{"name": "player", "codes": ["PLY"]}, "opening"],
    "relations": [{"name": "beats", "head": ["player"], "tail": ["player"]}],
    "events": [{"name": "move", "roles": ["mover", "square"]}],
}


def _ontology(given: Any, **limits: int) -> Any:
    body = ExtractBody.model_validate({"text": "a", "ontology": given})
    return extraction_request(body, Settings(**limits)).ontology


@pytest.mark.anyio
async def test_an_ontology_can_come_with_the_request(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    requests: list[dict[str, Any]] = [
        {"json": {"text": TEXT, "ontology": TREE}},
        {"data": {"text": TEXT, "ontology": YAML}},
        {"data": {"text": TEXT}, "files": {"ontology": ("chess.yaml", YAML.encode())}},
    ]
    bodies = [(await client.post("/extract", **request)).json() for request in requests]
    for body in bodies:
        assert body | {"timing_ms": 0} == bodies[0] | {"timing_ms": 0}
    assert bodies[0]["entities"][0]["type"] == "player"
    assert bodies[0]["relations"][0]["type"] == "beats"
    (event,) = bodies[0]["events"]
    assert (event["type"], event["arguments"][0]["role"]) == ("move", "mover")


def test_a_part_may_be_that_of_a_shipped_one() -> None:
    own = _ontology({"entities": "twitter4", "relations": ["knows"]})
    assert [kind.name for kind in own.entities][:1] == ["person"]
    assert own.relations[0].admits("person", "location")
    assert own.events == ()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"entities": ["a", "A"]}, LabelError),
        ({"entities": ["x" * 101]}, LabelError),
        ({"entities": ["a", "b", "c", "d", "e"]}, LabelError),
        ({"events": [{"name": "e", "roles": ["r", "R"]}]}, LabelError),
        ({"entities": ["a"], "relations": [{"name": "r", "head": ["b"]}]}, FieldError),
        ({"entities": "klingon"}, UnknownOntology),
        ({"title": "x" * 2000}, FieldError),
        ("klingon", UnknownOntology),
        ("k" * 5000, UnknownOntology),
    ],
)
def test_faults_in_ontologies(given: Any, error: type[UMIEError]) -> None:
    with pytest.raises(error) as caught:
        _ontology(given, max_labels=4, max_ontology_bytes=1500)
    assert type(caught.value) is error
    assert caught.value.field == "ontology"  # type: ignore[attr-defined]
    assert len(str(caught.value)) < 1000


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text",
    [
        "name: [\n",
        "- a\n- b\n",
        "name: x\nbosses: []\n",
        "name: x\nentities: {a: b}\n",
        "name: x\nentities: [1]\n",
        "name: x\nentities: [null]\n",
        "name: x\nentities: [{codes: []}]\n",
        "a: &a [x]\nb: *a\n",
        "name: !!timestamp x\n",
        "name: x\nentities: [" + "a, " * 20_000 + "b]\n",
        "{" * 2000,
    ],
)
async def test_faults_in_yaml(client: httpx.AsyncClient, text: str) -> None:
    response = await client.post("/extract", data={"text": TEXT, "ontology": text})
    problem = response.json()
    assert (response.status_code, problem["field"]) == (422, "ontology")
    assert problem["type"] in ("invalid-field", "invalid-labels")
    assert len(response.content) < 1000


def test_limits_hold_at_the_edge_and_not_beyond() -> None:
    settings = Settings(max_text_chars=10, max_labels=3, max_label_chars=5)

    def request(**fields: Any) -> None:
        extraction_request(ExtractBody.model_validate({"text": "a", **fields}), settings)

    request(text="x" * 10)
    request(text="👋" * 10)
    with pytest.raises(TextTooLong) as caught:
        request(text="x" * 11)
    assert caught.value.limit == 10
    for field in ("entity_types", "relation_types", "event_types"):
        request(**{field: ["a", "b", "c"]})
        request(**{field: ["x" * 5]})
        for labels in (["a", "b", "c", "d"], ["x" * 6]):
            with pytest.raises(LabelError) as caught:
                request(**{field: labels})
            assert caught.value.field == field
