from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.service.fakes import (
    TEXT,
    FakeEngine,
    picture_bytes,
    still_works,
    upload,
)

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


@pytest.mark.parametrize("tasks", ["entities,events", ["entities", "events"]])
async def test_tasks_by_comma_or_repeated(client: httpx.AsyncClient, tasks: Any) -> None:
    body = (await client.post("/extract", data={"text": TEXT, "tasks": tasks})).json()
    assert body["entities"] and body["events"] and not body["relations"]
    assert body["gate"]["relations"] is None


async def test_own_labels_replace_the_ontologys(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    data = {
        "text": TEXT,
        "entity_types": "hero, villain",
        "relation_types": ["fights", "trusts"],
        "event_types": "trip",
    }
    body = (await client.post("/extract", data=data)).json()
    assert {entity["type"] for entity in body["entities"]} == {"hero"}
    assert {relation["type"] for relation in body["relations"]} == {"fights"}
    assert body["events"][0]["type"] == "trip" and body["events"][0]["arguments"] == []
    assert [label.name for label in engine.rounds[0][0].source.spots] == ["hero", "villain"]


async def test_min_score(client: httpx.AsyncClient) -> None:
    body = (await client.post("/extract", data={"text": TEXT, "min_score": "0.75"})).json()
    assert [entity["text"] for entity in body["entities"]] == ["Ann"]
    assert body["relations"] == [] and len(body["events"]) == 1


async def test_alternatives_and_the_unit_of_offsets(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    data = {"text": TEXT, "alternatives": "2", "offsets": "utf16"}
    body = (await client.post("/extract/entities", data=data)).json()
    assert engine.rounds[0][0].alternatives == 2
    units = TEXT.encode("utf-16-le")
    slices = [units[2 * e["start"] : 2 * e["end"]] for e in body["entities"]]
    assert [piece.decode("utf-16-le") for piece in slices] == ["Ann", "Bob", "Oslo"]
    assert [(e["parent"], e["alternatives"]) for e in body["entities"]] == [(None, [])] * 3


@pytest.mark.parametrize(
    ("data", "status", "word", "field"),
    [
        ({"text": ""}, 422, "empty-input", None),
        ({"tasks": "events"}, 422, "empty-input", None),
        ({"text": " \n "}, 422, "empty-input", None),
        ({"text": TEXT, "tasks": "sentiment"}, 422, "unknown-task", "tasks"),
        ({"text": TEXT, "ontology": "klingon"}, 422, "unknown-ontology", "ontology"),
        ({"text": TEXT, "ontology": "name: a\nname: b\n"}, 422, "invalid-field", "ontology"),
        ({"text": TEXT, "entity_types": "a,,b"}, 422, "invalid-labels", "entity_types"),
        ({"text": TEXT, "relation_types": ["a", "A"]}, 422, "invalid-labels", "relation_types"),
        ({"text": TEXT, "event_types": "a,b,c,d,e,f"}, 422, "invalid-labels", "event_types"),
        ({"text": TEXT, "min_score": "much"}, 422, "invalid-field", "min_score"),
        ({"text": TEXT, "min_score": "1.5"}, 422, "invalid-field", "min_score"),
        ({"text": TEXT, "min_score": "nan"}, 422, "invalid-field", "min_score"),
        ({"text": TEXT, "alternatives": "4"}, 422, "invalid-field", "alternatives"),
        ({"text": TEXT, "alternatives": "1.5"}, 422, "invalid-field", "alternatives"),
        ({"text": TEXT, "offsets": "bytes"}, 422, "invalid-field", "offsets"),
        ({"text": TEXT, "ontology": ["a", "b"]}, 422, "invalid-field", "ontology"),
        ({"text": TEXT, "tekst": "x"}, 422, "invalid-field", "tekst"),
        ({"text": TEXT, "image": "cat.png"}, 422, "invalid-field", "image"),
        ({"text": "x" * 301}, 422, "text-too-long", "text"),
    ],
)
async def test_faults_in_fields(
    client: httpx.AsyncClient, data: dict[str, Any], status: int, word: str, field: str | None
) -> None:
    response = await client.post("/extract", data=data)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["type"], problem["status"], problem.get("field")) == (word, status, field)
    assert problem["title"] and problem["detail"]
    await still_works(client)


@pytest.mark.parametrize(
    "name", ["tasks", "ontology", "entity_types", "relation_types", "min_score", "regions"]
)
@pytest.mark.parametrize("blank", ["", "  "])
async def test_a_blank_field_counts_as_absent(
    client: httpx.AsyncClient, name: str, blank: str
) -> None:
    without = await client.post("/extract", data={"text": TEXT})
    response = await client.post("/extract", data={"text": TEXT, name: blank})
    assert response.status_code == 200
    assert response.json() | {"timing_ms": 0} == without.json() | {"timing_ms": 0}


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ({"entity_types": "a,,b"}, "entity_types: a name must not be blank"),
        ({"min_score": "high"}, "min_score must be a number"),
    ],
)
async def test_the_detail_explains_an_invalid_field(
    client: httpx.AsyncClient, data: dict[str, str], detail: str
) -> None:
    response = await client.post("/extract", data={"text": TEXT, **data})
    assert (response.status_code, response.json()["detail"]) == (422, detail)


@pytest.mark.parametrize(
    ("regions", "named"),
    [
        ("O1", "regions"),
        ("[" * 100_000, "too many values"),
        ('{"box": [0, 0, 9, 9]}', "regions"),
        ("[[0, 0, 9, 9], 7]", "regions[1]"),
        ("[[0, 0, 9]]", "regions[0]"),
        ('[[0, 0, 9, "9"]]', "regions[0]"),
        ("[[0, 0, 9, true]]", "regions[0]"),
        ("[[0, 0, 9, NaN]]", "regions[0]"),
        ("[[0, 0, 9, 1e999]]", "regions[0]"),
        (f"[[0, 0, 9, 1{'0' * 400}]]", "regions[0]"),
        ("[[9, 0, 9, 9]]", "regions[0]"),
        ("[[0, 9, 9, 0]]", "regions[0]"),
        ("[[0, 0, 40.5, 9]]", "regions[0]"),
        ("[[0, -1, 9, 9]]", "regions[0]"),
        ('[{"label": "flag"}]', "regions[0]"),
        ('[{"box": [0, 0, 9, 9], "name": "flag"}]', "regions[0]"),
        ('[{"box": [0, 0, 9]}]', "regions[0].box"),
        ('[{"box": [0, 0, 9, 9], "label": " "}]', "regions[0].label"),
        ('[{"box": [0, 0, 9, 9], "label": 1}]', "regions[0].label"),
        (f'[{{"box": [0, 0, 9, 9], "label": "{"x" * 101}"}}]', "regions[0].label"),
        (f"[{', '.join(['[0, 0, 9, 9]'] * 37)}]", "37"),
    ],
)
async def test_faults_in_regions(client: httpx.AsyncClient, regions: str, named: str) -> None:
    data = {"text": TEXT, "regions": regions}
    response = await client.post("/extract", data=data, files=upload(picture_bytes()))
    problem = response.json()
    assert response.status_code == 422
    assert (problem["type"], problem["field"]) == ("invalid-field", "regions")
    assert named in problem["detail"]
    await still_works(client)


async def test_regions_need_an_image(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", data={"text": TEXT, "regions": "[]"})
    assert (response.status_code, response.json()["field"]) == (422, "regions")


async def test_a_file_field_left_empty_in_a_browser_is_no_image(
    client: httpx.AsyncClient,
) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename=""\r\n\r\n\r\n'
    text = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAnn\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with_text = await client.post("/extract", content=head + text + b"--x--", headers=headers)
    assert with_text.status_code == 200 and with_text.json()["image"] is None
    without = await client.post("/extract", content=head + b"--x--", headers=headers)
    assert without.json()["type"] == "empty-input"


async def test_two_images_are_parts_where_the_route_has_parts(client: httpx.AsyncClient) -> None:
    files = [("image", ("a.png", picture_bytes())), ("image", ("b.png", picture_bytes()))]
    response = await client.post("/extract", files=files)
    assert [image["part"] for image in response.json()["images"]] == [0, 1]
    response = await client.post("/instruct", files=files)
    assert (response.status_code, response.json()["field"]) == (422, "image")


async def test_a_text_sent_as_a_file_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", files={"text": ("text.txt", b"Ann")})
    assert (response.status_code, response.json()["field"]) == (422, "text")


async def test_other_media_types_are_refused(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "text/csv"}
    response = await client.post("/extract", content=TEXT, headers=headers)
    assert (response.status_code, response.json()["type"]) == (415, "media-type-unsupported")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
async def test_broken_multipart(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post(
        "/extract", content=b"no boundary", headers={"content-type": content_type}
    )
    assert (response.status_code, response.json()["type"]) == (400, "bad-request")
    await still_works(client)


async def test_a_body_that_does_not_arrive(connect: Connect, settings: Settings) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.sleep(60)

    client = connect(settings.model_copy(update={"body_timeout_s": 0.05}))
    response = await client.post(
        "/extract", content=body(), headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert (response.status_code, response.json()["type"]) == (408, "request-timeout")
