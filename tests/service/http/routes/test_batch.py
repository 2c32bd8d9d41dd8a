from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message

from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable, QueueFull
from tests.service.fakes import TEXT, FakeEngine, fake_app, picture_bytes, still_works

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]
HEADERS = {"content-type": "application/x-ndjson"}


def _lines(*requests: object) -> bytes:
    return b"".join(json.dumps(request).encode() + b"\n" for request in requests)


def _answers(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


async def _post(client: httpx.AsyncClient, content: Any, **headers: str) -> httpx.Response:
    return await client.post("/batch", content=content, headers=HEADERS | headers)


async def test_answers_come_in_the_order_of_the_lines(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.pause_s = 0.001
    texts = [f"Ann visited Zoe{'e' * k}" for k in range(30)]
    answers = _answers(await _post(client, _lines(*({"text": text} for text in texts))))
    assert [answer["line"] for answer in answers] == list(range(1, 31))
    for text, answer in zip(texts, answers, strict=True):
        assert answer["extraction"]["entities"][1]["text"] == text.split()[-1]


async def test_a_line_has_the_same_answer_as_a_single_request(client: httpx.AsyncClient) -> None:
    request = {"text": TEXT, "image": base64.b64encode(picture_bytes()).decode()}
    alone = (await client.post("/extract", json=request)).json()
    (answer,) = _answers(await _post(client, _lines(request)))
    extraction = answer["extraction"]
    assert extraction.keys() == alone.keys()
    assert {**extraction, "timing_ms": 0} == {**alone, "timing_ms": 0}


async def test_faults_stay_in_their_lines(client: httpx.AsyncClient) -> None:
    good = _lines({"text": TEXT})
    content = b"\n".join(
        [
            good.strip(),
            b"",
            b"no json",
            b"[1]",
            b'{"text": ""}',
            b'{"text": "a", "tekst": 1}',
            b'{"text": "a", "image": "YWJj"}',
            b'{"text": "' + b"x" * 301 + b'"}',
            b'{"text": "' + b"x" * 200_001 + b'"}',
            good.strip(),
        ]
    )
    answers = _answers(await _post(client, content))
    problems = {a["line"]: a["problem"] and a["problem"]["type"] for a in answers}
    assert problems == {
        1: None,
        3: "bad-request",
        4: "bad-request",
        5: "empty-input",
        6: "invalid-field",
        7: "image-unsupported",
        8: "text-too-long",
        9: "body-too-large",
        10: None,
    }
    assert all((a["extraction"] is None) != (a["problem"] is None) for a in answers)
    await still_works(client)


async def test_a_byte_order_mark_is_passed_over(client: httpx.AsyncClient) -> None:
    content = b"\xef\xbb\xbf" + _lines({"text": TEXT}, {"text": TEXT})
    first, second = _answers(await _post(client, content))
    assert first["problem"] is None and second["problem"] is None
    assert first["extraction"]["entities"] == second["extraction"]["entities"]


async def test_nothing_in_nothing_out(client: httpx.AsyncClient) -> None:
    for content in (b"", b"\n \n\n"):
        assert _answers(await _post(client, content)) == []


async def test_no_more_lines_are_read_than_the_window_has(
    connect: Connect, settings: Settings, engine: FakeEngine
) -> None:
    client = connect(settings.model_copy(update={"batch_window": 3}))
    engine.pause_s = 0.002
    read, most = 0, 0

    async def content() -> AsyncIterator[bytes]:
        nonlocal read, most
        for _ in range(20):
            most = max(most, engine.working)
            yield _lines({"text": "Ann", "tasks": ["entities"]})
            read += 1

    answers = _answers(await _post(client, content()))
    assert len(answers) == read == 20
    assert most <= 3


async def test_a_batch_may_be_of_any_length_but_has_a_last_line(
    connect: Connect, settings: Settings
) -> None:
    client = connect(settings.model_copy(update={"max_batch_lines": 3}))
    line = {"text": "x" * 100, "tasks": ["entities"]}
    answers = _answers(await _post(client, _lines(*[line] * 5)))
    assert [a["problem"] and a["problem"]["type"] for a in answers] == [
        None,
        None,
        None,
        "batch-too-long",
    ]
    assert answers[-1]["line"] == 4 and answers[-1]["problem"]["limit"] == 3


async def test_a_stalled_batch_ends_with_a_timeout_after_its_answers(
    connect: Connect, settings: Settings
) -> None:
    async def content() -> AsyncIterator[bytes]:
        yield _lines({"text": TEXT}) + b'{"text": "hal'
        await asyncio.sleep(60)

    client = connect(settings.model_copy(update={"body_timeout_s": 0.05}))
    first, last = _answers(await _post(client, content()))
    assert first["extraction"] is not None
    assert (last["line"], last["problem"]["type"]) == (2, "request-timeout")


async def test_a_line_is_retried_while_the_queue_is_full(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    refusals = iter([QueueFull("full")] * 3)

    class _Full:
        def __call__(self) -> BaseException:
            error = next(refusals, None)
            if error is None:
                engine.fail = None
                return QueueFull("full once more")
            return error

    engine.fail = _Full()
    (answer,) = _answers(await _post(client, _lines({"text": TEXT})))
    assert answer["problem"] is None


async def test_other_failures_are_reported_per_line(
    client: httpx.AsyncClient, engine: FakeEngine, connect: Connect, settings: Settings
) -> None:
    engine.fail = lambda: EngineUnavailable("dying")
    (answer,) = _answers(await _post(client, _lines({"text": TEXT})))
    assert answer["problem"]["type"] == "engine-unavailable"
    engine.fail = lambda: RuntimeError("secret")
    (answer,) = _answers(await _post(client, _lines({"text": TEXT})))
    assert answer["problem"]["type"] == "internal-error" and "secret" not in str(answer)
    engine.fail = None
    engine.pause_s = 60.0
    hasty = connect(settings.model_copy(update={"deadline_s": 0.05}))
    (answer,) = _answers(await _post(hasty, _lines({"text": TEXT})))
    assert answer["problem"]["type"] == "deadline-exceeded"


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", ""])
async def test_other_media_types_are_refused(client: httpx.AsyncClient, media_type: str) -> None:
    response = await client.post("/batch", content=b"{}", headers={"content-type": media_type})
    assert (response.status_code, response.json()["type"]) == (415, "media-type-unsupported")


async def test_an_unavailable_engine_refuses_the_batch(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.ready = False
    response = await _post(client, _lines({"text": TEXT}))
    assert (response.status_code, response.json()["type"]) == (503, "engine-unavailable")


async def test_lines_are_counted(client: httpx.AsyncClient, metrics: Metrics) -> None:
    await _post(client, _lines({"text": TEXT}, {"text": ""}, {"text": TEXT}))
    for outcome, count in (("ok", 2), ("problem", 1)):
        labels = {"outcome": outcome}
        assert metrics.registry.get_sample_value("umie_batch_lines_total", labels) == count


async def test_a_keys_rate_holds_for_lines_too(
    connect: Connect, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("0123456789abcdef\n")
    limited = settings.model_copy(
        update={
            "api_keys_file": tmp_path / "keys",
            "requests_per_minute": 1200,
        }
    )
    client = connect(limited)
    loop = asyncio.get_running_loop()
    started = loop.time()
    lines = _lines(*[{"text": "Ann", "tasks": ["entities"]}] * 1205)
    answers = _answers(await _post(client, lines, **{"x-api-key": "0123456789abcdef"}))
    assert len(answers) == 1205 and all(a["problem"] is None for a in answers)
    assert loop.time() - started >= 5 / 20


class _Client:
    """An ASGI client that can disconnect at any time."""

    def __init__(self, app: Any, lines: bytes) -> None:
        self._app = app
        self._pieces = [lines]
        self.gone = asyncio.Event()
        self.answers = 0

    async def receive(self) -> Message:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(), "more_body": True}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.answers += message["type"] == "http.response.body"

    async def ask(self) -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/batch",
            "raw_path": b"/batch",
            "query_string": b"",
            "headers": [(b"content-type", b"application/x-ndjson")],
        }
        await self._app(scope, self.receive, self.send)


async def test_a_disconnect_cancels_the_work(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    app = fake_app(settings, engine, metrics)
    engine.pause_s = 60.0
    client = _Client(app, _lines(*[{"text": TEXT}] * 5))
    asking = asyncio.create_task(client.ask())
    while engine.working < 5:
        await asyncio.sleep(0.005)
    client.gone.set()
    await asking
    assert engine.working == 0 and engine.cancelled == 5


async def test_more_batches_than_are_admitted(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    app = fake_app(settings.model_copy(update={"max_batches": 1}), engine, metrics)
    engine.pause_s = 60.0
    client = _Client(app, _lines({"text": TEXT}))
    asking = asyncio.create_task(client.ask())
    while engine.working < 1:
        await asyncio.sleep(0.005)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as other:
        response = await _post(other, _lines({"text": TEXT}))
    assert (response.status_code, response.json()["type"]) == (429, "queue-full")
    assert int(response.headers["retry-after"]) > 0
    client.gone.set()
    await asking
