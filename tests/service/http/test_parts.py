"""`POST /extract` with parts and with a context."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine, picture_bytes, still_works

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]
PICTURE = base64.b64encode(picture_bytes()).decode()
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


async def test_json_parts(client: httpx.AsyncClient) -> None:
    parts = [{"text": "Ann came."}, {"image": PICTURE}, {"text": "Bob left."}]
    answer = (await client.post("/extract", json={"parts": parts})).json()
    assert [(e["text"], e["part"], e["start"]) for e in answer["entities"]] == [
        ("Ann", 0, 0),
        ("Bob", 2, 0),
    ]
    assert [region["part"] for region in answer["regions"]] == [1]
    assert answer["images"] == [{"part": 1, "width": 40, "height": 20}]
    assert (answer["image"], answer["steps"], answer["trace"]) == (None, [], [])


async def test_steps(client: httpx.AsyncClient) -> None:
    parts = [
        {"kind": "step", "text": f"{text}.", "image": PICTURE} for text in ("Dough", "A Dough")
    ]
    answer = (await client.post("/extract", json={"parts": parts})).json()
    assert [step["part"] for step in answer["steps"]] == [0, 1]
    assert [mention["step"] for mention in answer["trace"][0]["steps"]] == [1, 2]


async def test_the_old_form_has_the_old_keys(client: httpx.AsyncClient) -> None:
    answer = (await client.post("/extract", json={"text": TEXT, "image": PICTURE})).json()
    assert not {"images", "steps", "trace"} & answer.keys()
    items = [*answer["entities"], *answer["regions"], *answer["events"]]
    assert items and all("part" not in item for item in items)


async def test_repeated_fields_of_a_form_are_parts_in_order(client: httpx.AsyncClient) -> None:
    picture = ("p.png", picture_bytes(), "image/png")
    fields: list[tuple[str, Any]] = [
        ("text", (None, "Ann came.")),
        ("image", picture),
        ("image", ("", b"", "application/octet-stream")),
        ("text", (None, "Bob left.")),
        ("image", picture),
    ]
    answer = (await client.post("/extract", files=fields)).json()
    assert [entity["part"] for entity in answer["entities"]] == [0, 2]
    assert [image["part"] for image in answer["images"]] == [1, 3]


async def test_texts_of_an_urlencoded_form(client: httpx.AsyncClient) -> None:
    body = b"text=Ann&tasks=entities&text=Bob"
    answer = (await client.post("/extract", content=body, headers=URLENCODED)).json()
    assert [entity["part"] for entity in answer["entities"]] == [0, 1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"parts": []}, "at least 1"),
        ({"parts": [{}]}, "part 0 is empty"),
        ({"parts": [{"text": "Ann"}, {"text": " \n"}]}, "part 1 is empty"),
        ({"parts": [{"kind": "chapter", "text": "Ann"}]}, "'part' or 'step'"),
        ({"parts": [{"kind": "step", "image": PICTURE}]}, "step without a text"),
        ({"parts": [{"text": "Ann"}], "text": "Ann"}, "give the one or the others"),
        ({"parts": [{"text": "Ann"}], "image": PICTURE}, "give the one or the others"),
        ({"parts": [{"text": "Ann", "title": "x"}]}, "extra"),
        ({"parts": [{"text": "Ann"}] * 65}, "at most 64 parts"),
        ({"parts": [{"image": PICTURE}] * 17}, "at most 16 pictures"),
        ({"parts": "Ann"}, "list"),
    ],
)
async def test_invalid_parts(client: httpx.AsyncClient, body: dict[str, Any], words: str) -> None:
    response = await client.post("/extract", json=body)
    problem = response.json()
    assert (response.status_code, problem["type"]) == (422, "invalid-field")
    assert problem["field"] == "parts" and words in problem["detail"], problem
    await still_works(client)


async def test_the_texts_of_all_parts_share_a_limit(client: httpx.AsyncClient) -> None:
    parts = [{"text": "a" * 151}, {"text": "a" * 150}]
    response = await client.post("/extract", json={"parts": parts})
    assert (response.status_code, response.json()["type"]) == (422, "text-too-long")
    assert response.json()["limit"] == 300


async def test_pictures_alone(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    response = await client.post("/extract", json={"parts": [{"image": PICTURE}]})
    assert response.status_code == 200 and engine.rounds == []
    assert [region["part"] for region in response.json()["regions"]] == [0]


async def test_parts_of_other_routes(client: httpx.AsyncClient) -> None:
    body = {"parts": [{"text": "Ann"}]}
    assert (await client.post("/extract/entities", json=body)).json()["entities"][0]["part"] == 0
    response = await client.post("/tokenize", json=body)
    assert (response.status_code, response.json()["field"]) == (422, "parts")
    response = await client.post("/instruct", json={**body, "spots": ["a"]})
    assert (response.status_code, response.json()["field"]) == (422, "parts")
    response = await client.post("/extract", data={"parts": "[]x"})
    assert (response.status_code, response.json()["field"]) == (422, "parts")


async def test_the_pictures_of_parts_do_not_count_as_json(
    connect: Connect, settings: Settings
) -> None:
    client = connect(settings.model_copy(update={"max_json_bytes": 400, "max_text_chars": 10_000}))
    pictures = [
        base64.b64encode(picture_bytes((60 + n, 60), file_format="BMP")).decode() for n in range(3)
    ]
    parts = [{"image": picture} for picture in pictures]
    answer = await client.post("/extract", json={"parts": [{"text": "Ann"}, *parts]})
    assert [image["width"] for image in answer.json()["images"]] == [60, 61, 62]
    for body in (
        {"parts": [{"text": "Ann " * 200}, *parts]},
        {"parts": [*parts, {"text": "a" * 400}]},
        {"parts": [{"regions": {"image": pictures[0]}}, *parts]},
        {"parts": {"image": pictures[0]}},
    ):
        response = await client.post("/extract", json=body)
        assert (response.status_code, response.json()["type"]) == (413, "body-too-large")
    await still_works(client)


async def test_the_model_states_the_limits(client: httpx.AsyncClient) -> None:
    limits = (await client.get("/model")).json()["limits"]
    names = ("max_parts", "max_images", "max_document_pixels", "max_context_chars")
    assert [limits[name] for name in names] == [64, 16, 240_000_000, 500]


@pytest.mark.parametrize("send", ["json", "data"])
async def test_a_context(client: httpx.AsyncClient, engine: FakeEngine, send: str) -> None:
    plain = (await client.post("/extract", json={"text": TEXT})).json()
    body = {"text": TEXT, "context": "Carl landed"}
    answer = (await client.post("/extract", **{send: body})).json()  # type: ignore[arg-type]
    assert answer["entities"] == plain["entities"] and answer["events"] == plain["events"]
    assert len(engine.rounds[2][0].source.ids) > len(engine.rounds[0][0].source.ids)


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ({"text": "Ann", "context": "a" * 501}, 500),
        ({"text": "Ann", "context": "a b " * 120}, ...),
        ({"image": PICTURE, "context": "a"}, None),
    ],
)
async def test_invalid_contexts(
    client: httpx.AsyncClient, body: dict[str, Any], limit: Any
) -> None:
    response = await client.post("/extract", json=body)
    problem = response.json()
    assert (response.status_code, problem["field"]) == (422, "context")
    assert limit is ... or problem.get("limit") == limit
