from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from PIL import Image

from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable, QueueFull
from tests.service.fakes import (
    MODEL_NAME,
    TEXT,
    FakeEngine,
    picture_bytes,
    still_works,
    upload,
)

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.new("RGB", (60, 30)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    return [_keys(value[0])] if isinstance(value, list) and value else type(value).__name__


async def test_text_and_image(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", data={"text": TEXT}, files=upload(picture_bytes()))
    assert response.status_code == 200
    body = response.json()
    assert body["model"] == MODEL_NAME
    assert body["image"] == {"width": 40, "height": 20}
    assert body["regions"][0] == {
        "id": "O1",
        "label": "person",
        "score": 0.9,
        "box": [0.0, 0.0, 20.0, 20.0],
    }
    assert body["entities"][0] == {
        "id": 0,
        "text": "Ann",
        "start": 0,
        "end": 3,
        "type": "person",
        "score": 0.8,
        "regions": ["O1"],
        "parent": None,
        "alternatives": [],
    }
    assert body["relations"][0] == {"type": "meets", "head": 0, "tail": 1, "score": 0.6}
    (event,) = body["events"]
    assert event["trigger"] == {"text": "visited", "start": 4, "end": 11}
    assert event["arguments"][1] == {
        "role": "scene",
        "text": None,
        "start": None,
        "end": None,
        "region": "O2",
        "score": 0.55,
        "entity": None,
        "regions": ["O2"],
    }
    for span in (*body["entities"], event["trigger"]):
        assert TEXT[span["start"] : span["end"]] == span["text"]


async def test_the_same_keys_always(client: httpx.AsyncClient) -> None:
    full = (
        await client.post("/extract", data={"text": TEXT}, files=upload(picture_bytes()))
    ).json()
    for data, files in (
        ({"text": "nothing here"}, None),
        ({}, upload(picture_bytes())),
        ({"text": TEXT, "tasks": "events"}, None),
    ):
        body = (await client.post("/extract", data=data, files=files)).json()
        assert body.keys() == full.keys()
        assert body["gate"].keys() == full["gate"].keys() == {"entities", "relations", "events"}
        assert _keys(body["timing_ms"]) == _keys(full["timing_ms"])


async def test_an_image_without_a_text(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", files=upload(_turned(), "turned.jpg"))
    body = response.json()
    assert body["image"] == {"width": 30, "height": 60}
    assert body["regions"][0]["box"] == [0.0, 0.0, 15.0, 60.0]
    assert body["entities"] == body["relations"] == body["events"] == []


async def test_own_regions_are_named_in_their_order(client: httpx.AsyncClient) -> None:
    own = '[[20, 0, 40, 10.5], {"box": [0, 0, 40, 20], "label": " flag "}, [1, 1, 2, 2]]'
    data = {"text": TEXT, "regions": own}
    body = (await client.post("/extract", data=data, files=upload(picture_bytes()))).json()
    assert body["regions"] == [
        {"id": "O1", "label": "region", "score": 1.0, "box": [20.0, 0.0, 40.0, 10.5]},
        {"id": "O2", "label": "flag", "score": 1.0, "box": [0.0, 0.0, 40.0, 20.0]},
        {"id": "O3", "label": "region", "score": 1.0, "box": [1.0, 1.0, 2.0, 2.0]},
    ]
    assert body["entities"][0]["regions"] == ["O1"]


async def test_an_empty_list_offers_no_regions(client: httpx.AsyncClient) -> None:
    data = {"text": TEXT, "regions": "[]"}
    body = (await client.post("/extract", data=data, files=upload(picture_bytes()))).json()
    assert body["image"] == {"width": 40, "height": 20} and body["regions"] == []
    assert all(entity["regions"] == [] for entity in body["entities"])
    assert all(a["region"] is None for event in body["events"] for a in event["arguments"])


async def test_own_boxes_are_pixels_of_the_upright_picture(client: httpx.AsyncClient) -> None:
    files, fits, lying = upload(_turned(), "turned.jpg"), "[[0, 0, 30, 60]]", "[[0, 0, 60, 30]]"
    body = (await client.post("/extract", data={"regions": fits}, files=files)).json()
    assert body["regions"][0]["box"] == [0.0, 0.0, 30.0, 60.0]
    response = await client.post("/extract", data={"regions": lying}, files=files)
    assert response.status_code == 422 and "30 x 60" in response.json()["detail"]


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (b"this is no picture", 415, "image-unsupported"),
        (picture_bytes()[:40], 422, "image-damaged"),
        (picture_bytes((1200, 1000), mode="1"), 413, "image-too-large"),
        (b"\0" * 100_001, 413, "image-too-large"),
    ],
)
async def test_faults_in_images(
    client: httpx.AsyncClient, data: bytes, status: int, word: str
) -> None:
    response = await client.post("/extract", data={"text": TEXT}, files=upload(data))
    assert response.status_code == status
    problem = response.json()
    assert (problem["type"], problem["field"]) == (word, "image")
    await still_works(client)


@pytest.mark.parametrize("announced", [True, False])
async def test_large_bodies_get_one_answer_announced_or_not(
    client: httpx.AsyncClient, announced: bool
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        for _ in range(30):
            yield b"\0" * 10_000
        yield b"\r\n--x--\r\n"

    content = b"".join([part async for part in body()]) if announced else body()
    response = await client.post(
        "/extract", content=content, headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["type"], problem["limit"]) == ("body-too-large", 200_000)
    await still_works(client)


async def test_an_engine_that_is_down(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.ready = False
    response = await client.post("/extract", data={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (503, "engine-unavailable")
    assert int(response.headers["retry-after"]) > 0
    engine.ready = True
    await still_works(client)


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (EngineUnavailable("dying"), 503, "engine-unavailable"),
        (QueueFull("full"), 429, "queue-full"),
    ],
)
async def test_capacity_errors_have_a_retry_after(
    client: httpx.AsyncClient, engine: FakeEngine, error: Exception, status: int, word: str
) -> None:
    engine.fail = lambda: error
    response = await client.post("/extract", data={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (status, word)
    assert int(response.headers["retry-after"]) > 0
    engine.fail = None
    await still_works(client)


async def test_an_answer_that_comes_too_late(
    client: httpx.AsyncClient, connect: Connect, settings: Settings, engine: FakeEngine
) -> None:
    hasty = connect(settings.model_copy(update={"deadline_s": 0.5}))
    engine.pause_s = 60.0
    response = await hasty.post("/extract", data={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (504, "deadline-exceeded")
    assert engine.cancelled == 1
    engine.pause_s = 0.0
    await still_works(client)


async def test_more_requests_than_are_admitted(
    connect: Connect, settings: Settings, engine: FakeEngine
) -> None:
    client = connect(settings.model_copy(update={"max_inflight_requests": 2}))
    engine.pause_s = 60.0
    running = [asyncio.create_task(client.post("/extract", data={"text": TEXT})) for _ in range(2)]
    while engine.working < 2:
        await asyncio.sleep(0.005)
    response = await client.post("/extract", data={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (429, "queue-full")
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    engine.pause_s = 0.0
    await still_works(client)


async def test_an_unexpected_error_tells_nothing(
    client: httpx.AsyncClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.fail = lambda: RuntimeError("secret path")
    response = await client.post("/extract", data={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (500, "internal-error")
    assert "secret" not in response.text
    assert "secret path" in caplog.text
    engine.fail = None
    await still_works(client)


async def test_requests_run_side_by_side_and_keep_their_answers(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.pause_s = 0.01
    texts = [f"Ann visited Zoe{'e' * k}" for k in range(12)]
    responses = await asyncio.gather(*(client.post("/extract", data={"text": t}) for t in texts))
    for text, response in zip(texts, responses, strict=True):
        assert [e["text"] for e in response.json()["entities"]] == ["Ann", text.split()[-1]]


async def test_requests_are_counted_by_outcome(
    client: httpx.AsyncClient, engine: FakeEngine, metrics: Metrics
) -> None:
    await client.post("/extract", data={"text": TEXT})
    await client.post("/extract", data={"text": TEXT, "tasks": "x"})
    engine.fail = lambda: QueueFull("full")
    await client.post("/extract", data={"text": TEXT})
    for outcome in ("ok", "bad_input", "overloaded"):
        labels = {"endpoint": "/extract", "outcome": outcome}
        assert metrics.registry.get_sample_value("umie_requests_total", labels) == 1
    assert metrics.registry.get_sample_value("umie_inflight_requests") == 0
