"""`POST /ground`, from its body to its answer, over a fake engine."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tasks import form
from tests.service.fakes import MODEL_NAME, REGION_TYPES, FakeEngine, picture_bytes, upload

pytestmark = pytest.mark.anyio

PICTURE = base64.b64encode(picture_bytes()).decode()


async def test_phrases_that_are_shown_have_a_box(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    body = {"image": PICTURE, "phrases": ["Ann in red", "a dog"]}
    response = await client.post("/ground", json=body)
    answer = response.json()
    assert response.status_code == 200 and "Server-Timing" in response.headers
    assert answer["phrases"] == [
        {"phrase": "Ann in red", "present": 0.8571, "region": "O1", "box": [0, 0, 20, 20]},
        {"phrase": "a dog", "present": 0.4286, "region": None, "box": None},
    ]
    assert answer["image"] == {"width": 40, "height": 20} and answer["model"] == MODEL_NAME
    assert [region["id"] for region in answer["regions"]] == ["O1"]
    ((prompt, _),) = engine.rounds
    assert prompt.form is form.GROUNDED_CHOICE and prompt.head == (0, len(prompt.source.pieces))
    assert tuple(label.name for label in prompt.source.spots) == REGION_TYPES


async def test_a_form_has_the_same_answer(client: httpx.AsyncClient) -> None:
    data = {"phrases": ["Ann in red", "a dog"]}
    sent = (await client.post("/ground", data=data, files=upload(picture_bytes()))).json()
    body = {"image": PICTURE, "phrases": ["Ann in red", "a dog"]}
    assert sent["phrases"] == (await client.post("/ground", json=body)).json()["phrases"]


async def test_own_regions_are_chosen_from(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    body = {"image": PICTURE, "phrases": ["Ann"], "regions": [[1, 2, 3, 4]]}
    (phrase,) = (await client.post("/ground", json=body)).json()["phrases"]
    assert phrase["region"] == "O1" and phrase["box"] == [1, 2, 3, 4]
    answer = (await client.post("/ground", json=body | {"regions": []})).json()
    assert answer["phrases"] == [{"phrase": "Ann", "present": 0.0, "region": None, "box": None}]
    assert len(engine.rounds) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"phrases": []}, "phrases"),
        ({"phrases": None}, "phrases"),
        ({"phrases": [" "]}, "phrases"),
        ({"phrases": list("abcdef")}, "phrases"),
        ({"phrases": ["a" * 101]}, "phrases"),
        ({"phrases": ["a", "A"]}, "phrases"),
        ({"image": None}, "image"),
        ({"image": "!"}, "image"),
        ({"text": "Ann"}, "text"),
        ({"regions": [[0, 0, 99, 99]]}, "regions"),
    ],
)
async def test_faults_are_named(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    body = {"image": PICTURE, "phrases": ["Ann"], **fields}
    response = await client.post("/ground", json=body)
    assert response.status_code == 422, response.json()
    assert response.json()["field"] == field


async def test_other_weights_do_not_ground(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.takes_spans = False
    response = await client.post("/ground", json={"image": PICTURE, "phrases": ["Ann"]})
    assert (response.status_code, response.json()["field"]) == (422, "phrases")
