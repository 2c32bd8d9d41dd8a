from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from service.settings import Settings

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


async def test_the_reported_limit_is_the_one_applied(connect: Connect, settings: Settings) -> None:
    client = connect(settings.model_copy(update={"max_text_chars": 10_000}))
    body = {"tasks": ["entities"], "entity_types": ["hero", "villain"]}
    answer = (await client.post("/tokenize", json={"text": "abc", **body})).json()
    assert (answer["tokens"], answer["unknown"], answer["fits"]) == (3, 0, True)
    assert answer["offsets"] == [[0, 1], [1, 2], [2, 3]]
    most = answer["max_tokens"]["entities"]
    fits = await client.post("/extract", json={"text": "a " * most, **body})
    assert fits.status_code == 200
    answer = (await client.post("/tokenize", json={"text": "a " * (most + 1), **body})).json()
    assert answer["fits"] is False


async def test_unknown_tokens_are_reported(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract/entities", json={"text": "人 市 城 a"})
    assert [warning["type"] for warning in response.json()["warnings"]] == ["unknown-text"]
    response = await client.post(
        "/extract/entities", json={"text": "a", "entity_types": ["人 市 a"]}
    )
    assert [warning["type"] for warning in response.json()["warnings"]] == ["unknown-labels"]
    for labels in ({"entity_types": ["人"]}, {"relation_types": ["人"]}, {"event_types": ["市"]}):
        response = await client.post("/extract", json={"text": "a", **labels})
        problem = response.json()
        assert (response.status_code, problem["type"]) == (422, "invalid-labels")
        assert problem["field"] in labels
    response = await client.post("/extract", json={"text": "a"})
    assert response.json()["warnings"] == []


async def test_an_ontology_without_labels_is_not_silently_empty(client: httpx.AsyncClient) -> None:
    relations = {"ontology": {"relations": ["causes"]}}
    response = await client.post("/extract", json={"text": "a", **relations})
    assert (response.status_code, response.json()["field"]) == (422, "ontology")
    assert "entity_types" in response.json()["detail"]
    with_types = {"text": "a", **relations, "entity_types": ["thing"]}
    assert (await client.post("/extract", json=with_types)).status_code == 200
    only = {"text": "a", "ontology": {"entities": ["thing"]}, "tasks": ["entities", "events"]}
    response = await client.post("/extract", json=only)
    assert [warning["type"] for warning in response.json()["warnings"]] == ["no-labels"]
