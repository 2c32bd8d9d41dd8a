from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine, picture_bytes, still_works, upload

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]
HEADERS = {"content-type": "application/json"}


def _untimed(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return {**response.json(), "timing_ms": None}


async def test_json_and_form_are_answered_alike(client: httpx.AsyncClient) -> None:
    fields = {"text": TEXT, "tasks": ["entities", "events"], "min_score": 0.6}
    boxes = [[0, 0, 20, 10], {"box": [5, 5, 9, 9], "label": "flag"}]
    own = {"entity_types": ["hero", "villain"], "event_types": ["trip"], "ontology": "made up"}
    picture = picture_bytes()
    as_json = await client.post(
        "/extract",
        json={
            **fields,
            **own,
            "regions": boxes,
            "image": base64.b64encode(picture).decode(),
        },
    )
    as_form = await client.post(
        "/extract", data={**fields, **own, "regions": json.dumps(boxes)}, files=upload(picture)
    )
    assert _untimed(as_json) == _untimed(as_form)
    assert as_json.json()["entities"][0]["type"] == "hero"


async def test_labels_in_json_may_hold_commas(client: httpx.AsyncClient) -> None:
    body = {"text": TEXT, "entity_types": ["person, real or not"]}
    response = await client.post("/extract", json=body)
    assert response.json()["entities"][0]["type"] == "person, real or not"


async def test_null_is_the_same_as_nothing(client: httpx.AsyncClient) -> None:
    nulls = dict.fromkeys(("image", "regions", "ontology", "tasks", "entity_types"))
    with_nulls = await client.post("/extract", json={"text": TEXT, **nulls})
    assert _untimed(with_nulls) == _untimed(await client.post("/extract", json={"text": TEXT}))


@pytest.mark.parametrize(
    ("content", "status", "word", "field"),
    [
        (b"", 400, "bad-request", None),
        (b"{", 400, "bad-request", None),
        (b"[]", 400, "bad-request", None),
        (b'"text"', 400, "bad-request", None),
        (b'{"text": "\xff"}', 400, "bad-request", None),
        (b'{"text": "\\ud800"}', 400, "bad-request", None),
        (b"[" * 30_000, 400, "bad-request", None),
        (b"[" * 50_000, 422, "invalid-field", None),
        (b'{"text": 1}', 422, "invalid-field", "text"),
        (b'{"text": ["a"]}', 422, "invalid-field", "text"),
        (b'{"text": ""}', 422, "empty-input", None),
        (b'{"text": "a", "tekst": 1}', 422, "invalid-field", "tekst"),
        (b'{"text": "a", "' + b"x" * 5000 + b'": 1}', 422, "invalid-field", "x" * 64),
        (b'{"text": "a", "tasks": "events"}', 422, "invalid-field", "tasks"),
        (b'{"text": "a", "tasks": []}', 422, "invalid-field", "tasks"),
        (b'{"text": "a", "tasks": ["sing"]}', 422, "unknown-task", "tasks"),
        (b'{"text": "a", "ontology": "klingon"}', 422, "unknown-ontology", "ontology"),
        (b'{"text": "a", "ontology": 5}', 422, "invalid-field", "ontology"),
        (b'{"text": "a", "entity_types": []}', 422, "invalid-labels", "entity_types"),
        (b'{"text": "a", "entity_types": ["a", " "]}', 422, "invalid-labels", "entity_types"),
        (b'{"text": "a", "entity_types": ["a", "A"]}', 422, "invalid-labels", "entity_types"),
        (b'{"text": "a", "entity_types": [1]}', 422, "invalid-labels", "entity_types"),
        (b'{"text": "a", "min_score": "0.5"}', 422, "invalid-field", "min_score"),
        (b'{"text": "a", "min_score": NaN}', 422, "invalid-field", "min_score"),
        (b'{"text": "a", "min_score": 1e999}', 422, "invalid-field", "min_score"),
        (b'{"text": "a", "min_score": true}', 422, "invalid-field", "min_score"),
        (b'{"text": "a", "regions": []}', 422, "invalid-field", "regions"),
        (b'{"image": "!"}', 422, "invalid-field", "image"),
        (b'{"image": "YWJj\\nYWJj"}', 415, "image-unsupported", "image"),
        (b'{"text": "a", "text": "b"}', 422, "invalid-field", "text"),
        (b'{"ontology": {"name": "a", "name": "b"}}', 422, "invalid-field", "name"),
        (b'{"image": "http://example.org/a.png"}', 422, "invalid-field", "image"),
        (b'{"image": "YWJj"}', 415, "image-unsupported", "image"),
        (b'{"image": ""}', 415, "image-unsupported", "image"),
    ],
)
async def test_faults_in_json(
    client: httpx.AsyncClient, content: bytes, status: int, word: str, field: str | None
) -> None:
    response = await client.post("/extract", content=content, headers=HEADERS)
    problem = response.json()
    assert (response.status_code, problem.get("type"), problem.get("field")) == (
        status,
        word,
        field,
    )
    assert response.headers["content-type"] == "application/problem+json"
    assert len(response.content) < 1000
    await still_works(client)


@pytest.mark.parametrize("path", ["/extract/entities", "/extract/relations", "/extract/events"])
async def test_one_task_has_no_choice_of_tasks(client: httpx.AsyncClient, path: str) -> None:
    for options in ({"json": {"text": TEXT, "tasks": ["events"]}}, {"data": {"tasks": "events"}}):
        response = await client.post(path, **options)  # type: ignore[arg-type]
        assert (response.status_code, response.json()["field"]) == (422, "tasks")


@pytest.mark.parametrize("task", ["entities", "relations", "events"])
async def test_one_task_is_the_same_as_asking_for_it(client: httpx.AsyncClient, task: str) -> None:
    alone = await client.post(f"/extract/{task}", json={"text": TEXT})
    asked = await client.post("/extract", json={"text": TEXT, "tasks": [task]})
    assert _untimed(alone) == _untimed(asked)
    assert alone.json()[task]


async def test_the_stages_are_in_server_timing(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", data={"text": TEXT})
    stages = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
    timing = response.json()["timing_ms"]
    assert {stage: float(ms) for stage, ms in stages.items()} == pytest.approx(timing)


async def test_texts_are_logged_only_with_the_setting(
    client: httpx.AsyncClient,
    connect: Connect,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:

    def logged() -> str:
        own = [record for record in caplog.records if record.name.startswith("service")]
        return str([record.__dict__ for record in own])

    caplog.set_level("DEBUG", "service")
    await client.post("/extract", json={"text": "Ann is secret"})
    await client.post("/extract?text=secret", json={"text": "", "secret": "secret"})
    assert "request" in logged() and "secret" not in logged()
    telling = connect(settings.model_copy(update={"log_content": True}))
    await telling.post("/extract", json={"text": "Ann is secret"})
    assert "Ann is secret" in logged()


_NAMES = st.one_of(
    st.sampled_from(["text", "image", "tasks", "ontology", "entity_types", "regions", "min_score"]),
    st.text(max_size=8),
)
_VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [TEXT, "events", "made up", "a,b", "[[0,0,1,1]]", "0.5", "nan", "name: x\nentities: [a]\n"]
    ),
)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@given(
    fields=st.lists(st.tuples(_NAMES, _VALUES), max_size=6),
    files=st.lists(st.tuples(_NAMES, st.text(max_size=8), st.binary(max_size=60)), max_size=2),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_form_is_answered_or_refused(
    client: httpx.AsyncClient,
    engine: FakeEngine,
    fields: list[tuple[str, str]],
    files: list[tuple[str, str, bytes]],
) -> None:
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields]
    parts += [(name, (file or "f", data)) for name, file, data in files]
    response = await client.post("/extract", files=parts or None)
    assert response.status_code in (200, 400, 413, 415, 422), response.text
    if response.status_code == 200:
        assert response.json().keys() >= {"entities", "relations", "events"}
    else:
        assert response.json()["status"] == response.status_code


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": "a", "min_score": null, "tasks": null, "entity_types": null}',
        b'\xef\xbb\xbf{"text": "a"}',
        b'{"text": "a", "image": null, "ontology": null}',
    ],
)
async def test_null_is_absent_and_a_byte_order_mark_is_passed_over(
    client: httpx.AsyncClient, content: bytes
) -> None:
    response = await client.post("/extract", content=content, headers=HEADERS)
    assert response.status_code == 200


async def test_compressed_bodies_are_refused(client: httpx.AsyncClient) -> None:
    for path, media_type in (("/extract", "application/json"), ("/batch", "application/x-ndjson")):
        headers = {"content-type": media_type, "content-encoding": "gzip"}
        response = await client.post(path, content=gzip.compress(b"{}"), headers=headers)
        assert (response.status_code, response.json()["type"]) == (415, "media-type-unsupported")
        assert response.headers["accept-encoding"] == "identity"


async def test_json_beside_the_picture_has_a_limit_of_its_own(
    connect: Connect, settings: Settings
) -> None:
    client = connect(settings.model_copy(update={"max_json_bytes": 150, "max_text_chars": 10_000}))
    picture = base64.b64encode(picture_bytes((60, 60), colour="red")).decode()
    assert len(picture) > 150
    response = await client.post("/extract", json={"text": "Ann", "image": picture})
    assert response.status_code == 200 and response.json()["image"]["width"] == 60
    for body in (
        {"image": picture, "text": "Ann " * 100},
        {"text": "a" * 300},
        {"ontology": {"image": picture}},
        {"text": "a", "regions": [picture]},
    ):
        response = await client.post("/extract", json=body)
        assert (response.status_code, response.json()["type"]) == (413, "body-too-large"), body
        assert response.json()["limit"] == 150
    await still_works(client)
