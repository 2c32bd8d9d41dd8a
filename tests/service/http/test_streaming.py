from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from service.engine.interface import Answer, Prompt, Visuals
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable, QueueFull
from tests.service.fakes import ONTOLOGY, TEXT, FakeEngine, picture_bytes, still_works, upload
from tests.service.live import listening, wait_until

pytestmark = pytest.mark.anyio

LINES = {"Accept": "text/html, Application/X-NDJSON; q=0.9"}
SENTENCE = "Ann visited Bob in Oslo. "
LONG = {"text": SENTENCE * 200, "tasks": "entities"}

Connect = Callable[[Settings], httpx.AsyncClient]


class LateFailure(FakeEngine):
    """Fails with `late` after its first round."""

    late: Exception | None = None

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        if self.late is not None and self.rounds:
            raise self.late
        return await super().generate(prompts, visual)


@pytest.fixture
def engine() -> LateFailure:
    return LateFailure()


@pytest.fixture
def settings() -> Settings:
    return Settings(ontology=ONTOLOGY.name, deadline_s=300)


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def untimed(extraction: dict[str, Any]) -> dict[str, Any]:
    return extraction | {"timing_ms": {}}


async def test_passages_come_before_the_same_answer_as_without(client: httpx.AsyncClient) -> None:
    *passages, last = lines_of(await client.post("/extract", data=LONG, headers=LINES))
    assert len(passages) > 8
    assert [line["passage"] for line in passages] == list(range(len(passages)))
    assert {line["of"] for line in passages} == {len(passages)}
    for line in passages:
        assert line["entities"] and 0 <= line["start"] < line["end"] <= len(LONG["text"])
        for entity in line["entities"]:
            assert line["start"] <= entity["start"] < entity["end"] <= line["end"]
            assert LONG["text"][entity["start"] : entity["end"]] == entity["text"]
    plain = await client.post("/extract", data=LONG)
    assert untimed(last["extraction"]) == untimed(plain.json())
    found = [(e["start"], e["type"]) for line in passages for e in line["entities"]]
    assert found == [(e["start"], e["type"]) for e in last["extraction"]["entities"]]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/x-ndjson-odd", ""])
async def test_without_the_header_nothing_changes(accept: str, client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", data={"text": TEXT}, headers={"Accept": accept})
    assert response.headers["content-type"] == "application/json"
    assert len(response.json()["entities"]) == 3 and "server-timing" in response.headers


async def test_a_short_text_is_one_passage_and_an_image_none(client: httpx.AsyncClient) -> None:
    first, last = lines_of(await client.post("/extract", data={"text": TEXT}, headers=LINES))
    assert (first["passage"], first["of"], first["start"], first["end"]) == (0, 1, 0, len(TEXT))
    assert len(first["entities"]) == len(last["extraction"]["entities"]) == 3


async def test_an_image_alone_has_no_passages(client: httpx.AsyncClient) -> None:
    (only,) = lines_of(await client.post("/extract", files=upload(picture_bytes()), headers=LINES))
    assert only["extraction"]["image"] == {"width": 40, "height": 20}


async def test_parts_share_rounds_and_their_lines_name_the_regions_of_the_answer(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    picture = base64.b64encode(picture_bytes()).decode()
    texts = ["Ann \N{DOG} came.", "Bob came.", "Oslo"]
    parts = [{"text": text, "image": picture} for text in texts]
    body = {"parts": parts, "tasks": ["entities"], "offsets": "utf16"}
    *passages, last = lines_of(await client.post("/extract", json=body, headers=LINES))
    assert [(line["part"], line["passage"], line["of"]) for line in passages] == [
        (0, 0, 3),
        (1, 1, 3),
        (2, 2, 3),
    ]
    assert [line["end"] for line in passages] == [12, 9, 4]
    streamed = [entity | {"id": 0} for line in passages for entity in line["entities"]]
    assert streamed == [entity | {"id": 0} for entity in last["extraction"]["entities"]]
    assert [entity["regions"] for entity in streamed] == [["O1"], ["O3"], ["O5"]]
    assert len(engine.rounds) == 1
    plain = await client.post("/extract", json=body)
    assert untimed(last["extraction"]) == untimed(plain.json())


async def test_the_text_of_a_document_comes_first(client: httpx.AsyncClient) -> None:
    files = {"document": ("a.txt", TEXT.encode())}
    first, *_, last = lines_of(await client.post("/extract", files=files, headers=LINES))
    assert first == {"text": TEXT} and last["extraction"]["text"] == TEXT


async def test_an_error_before_the_first_line_has_its_status(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    response = await client.post("/extract", data={"tasks": "sing", "text": "a"}, headers=LINES)
    assert (response.status_code, response.json()["type"]) == (422, "unknown-task")
    engine.fail = lambda: QueueFull("full")
    response = await client.post("/extract", data={"text": TEXT}, headers=LINES)
    assert response.status_code == 429 and "retry-after" in response.headers
    engine.fail = None
    await still_works(client)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(EngineUnavailable("dead"), "engine-unavailable"), (ValueError("odd"), "internal-error")],
)
async def test_an_error_after_the_first_line_is_the_last_line(
    error: Exception, kind: str, client: httpx.AsyncClient, engine: LateFailure
) -> None:
    engine.late = error
    *passages, last = lines_of(await client.post("/extract", data=LONG, headers=LINES))
    assert passages and last["problem"]["type"] == kind
    assert "odd" not in json.dumps(last)
    engine.late = None
    await still_works(client)


def test_a_client_that_goes_away_ends_the_work() -> None:
    engine = FakeEngine()
    body = urlencode(LONG).encode()
    head = (
        "POST /extract HTTP/1.1\r\nHost: umie\r\nAccept: application/x-ndjson\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    engine.pause_s = 0.5
    with listening(Settings(log_level="error"), engine, Metrics()) as live:
        with live.connect() as connection:
            connection.sendall(head.encode() + body)
            received = b""
            while b'"passage"' not in received:
                received += connection.recv(65_536)
            engine.pause_s = 60.0
        wait_until(lambda: engine.cancelled > 0)
        assert engine.working == 0 and b'"extraction"' not in received


async def test_a_stream_holds_its_slot_until_its_end(connect: Connect, engine: LateFailure) -> None:
    client = connect(Settings(ontology=ONTOLOGY.name, max_inflight_requests=1))
    engine.pause_s = 0.3
    streamed = asyncio.ensure_future(client.post("/extract", data=LONG, headers=LINES))
    while not engine.working:
        await asyncio.sleep(0.005)
    refused = await client.post("/extract", data={"text": TEXT})
    assert refused.status_code == 429
    engine.pause_s = 0.0
    assert "extraction" in lines_of(await streamed)[-1]
    await still_works(client)
