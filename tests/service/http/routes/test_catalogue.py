from __future__ import annotations

import httpx
import pytest

from service.settings import Settings
from tests.service.fakes import FACTS, MODEL_NAME, REGION_TYPES

pytestmark = pytest.mark.anyio


async def test_tasks_are_listed_with_their_endpoints(client: httpx.AsyncClient) -> None:
    tasks = {task["name"]: task for task in (await client.get("/tasks")).json()}
    assert set(tasks) == {"entities", "relations", "events"}
    assert tasks["events"]["labels"] == "event_types"
    assert tasks["events"]["default_labels"] == ["visit", "storm"]
    for task in tasks.values():
        response = await client.post(task["endpoint"], json={"text": "Ann visited Bob"})
        assert response.status_code == 200


async def test_ontologies_are_listed(client: httpx.AsyncClient) -> None:
    (listed,) = (await client.get("/ontologies")).json()
    assert listed["name"] == "made up"
    assert listed["entity_types"] == ["person", "place"]
    assert listed["event_types"][0] == {"type": "visit", "roles": ["visitor", "scene"]}


async def test_an_ontology_lists_the_types_of_its_relations(client: httpx.AsyncClient) -> None:
    shown = (await client.get("/ontologies/made up")).json()
    assert shown["relations"] == [{"type": "meets", "head": ["person"], "tail": ["person"]}]
    (listed,) = (await client.get("/ontologies")).json()
    assert listed == {name: value for name, value in shown.items() if name != "relations"}


@pytest.mark.parametrize("name", ["klingon", "..%2F..%2Fetc%2Fpasswd", "%00"])
async def test_others_are_not_found(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/ontologies/{name}")
    assert (response.status_code, response.json()["type"]) == (404, "not-found")


async def test_the_model_and_its_limits_are_listed(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    body = (await client.get("/model")).json()
    assert (body["model"], body["name"], body["version"]) == (MODEL_NAME, "umie-fake", "0")
    assert (body["precision"], body["provider"]) == ("fp32", "none")
    assert body["region_types"] == list(REGION_TYPES)
    limits = body["limits"]
    assert limits["max_text_chars"] == 300
    assert limits["max_text_tokens"] == FACTS.max_text_tokens
    assert limits["deadline_s"] == settings.deadline_s
    assert limits["max_decoded_pixels"] == settings.max_decoded_pixels
    assert not {"host", "bundle", "api_keys_file"} & limits.keys()
