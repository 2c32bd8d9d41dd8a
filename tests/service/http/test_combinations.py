"""Fields of a request that are each tested alone, together."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from service.engine.interface import Answer, Prompt, Visuals
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine, fake_app, picture_bytes

pytestmark = pytest.mark.anyio

DOG = "\N{DOG} Ann visited Bob"
LINES = {"Accept": "application/x-ndjson"}
PICTURE = base64.b64encode(picture_bytes()).decode()


def _units(text: str, start: int, end: int) -> str:
    """A slice in UTF-16 code units."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def _counted(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


async def _batch(client: httpx.AsyncClient, *requests: object) -> list[dict[str, Any]]:
    content = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
    headers = {"content-type": "application/x-ndjson"}
    response = await client.post("/batch", content=content, headers=headers)
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_document_in_utf16_with_mentions_and_a_context(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    files = {"document": ("a.txt", DOG.encode())}
    data = {
        "offsets": "utf16",
        "mentions": json.dumps([{"start": 2, "end": 5}, {"start": 14, "end": 17}]),
        "context": "Carl landed",
    }
    answer = (await client.post("/extract", data=data, files=files)).json()
    assert answer["text"] == DOG
    spans = [*answer["entities"], *(event["trigger"] for event in answer["events"])]
    assert [span["text"] for span in spans] == ["Ann", "Bob", "visited"]
    for span in spans:
        assert _units(DOG, span["start"], span["end"]) == span["text"]
    (event,) = answer["events"]
    assert [argument["entity"] for argument in event["arguments"]] == [0]
    data["mentions"] = json.dumps([{"start": 0, "end": 18}])
    refused = (await client.post("/extract", data=data, files=files)).json()
    assert (refused["type"], refused["field"]) == ("invalid-field", "mentions")


async def test_parts_in_utf16_with_alternatives_and_a_least_score(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    parts = [{"text": DOG, "image": PICTURE}, {"text": DOG, "image": PICTURE}]
    body = {"parts": parts, "offsets": "utf16", "alternatives": 2, "min_score": 0.55}
    answer = (await client.post("/extract", json=body)).json()
    for event in answer["events"]:
        for span in (event["trigger"], *(a for a in event["arguments"] if a["text"])):
            assert _units(DOG, span["start"], span["end"]) == span["text"]
    linked = [[a["entity"] for a in event["arguments"]] for event in answer["events"]]
    assert linked == [[0, None], [2, None]]
    assert [entity["start"] for entity in answer["entities"]] == [3, 15] * 2
    asked = [prompt for prompt in engine.rounds[0] if prompt.alternatives]
    assert [prompt.alternatives for prompt in asked] == [2, 2]
    *lines, last = (await client.post("/extract", json=body, headers=LINES)).text.splitlines()
    streamed = [entity for line in lines for entity in json.loads(line)["entities"]]
    assert [e["start"] for e in streamed] == [3, 15] * 2
    assert json.loads(last)["extraction"] | {"timing_ms": 0} == answer | {"timing_ms": 0}


async def test_a_batch_takes_parts_and_mentions_but_no_document(client: httpx.AsyncClient) -> None:
    parts = {"parts": [{"text": "Ann came."}, {"text": "Bob left."}], "offsets": "utf16"}
    given = {"text": TEXT, "mentions": [{"start": 0, "end": 3}], "context": "News"}
    document, several, alone = await _batch(client, {"document": "YQ=="}, parts, given)
    assert (document["problem"]["type"], document["problem"]["field"]) == (
        "invalid-field",
        "document",
    )
    assert [e["part"] for e in several["extraction"]["entities"]] == [0, 1]
    assert several["extraction"]["steps"] == [] and "steps" not in alone["extraction"]
    assert [e["text"] for e in alone["extraction"]["entities"]] == ["Ann"]


async def test_findings_and_gates_are_counted_once(
    client: httpx.AsyncClient, metrics: Metrics
) -> None:
    body = {"parts": [{"text": "Ann came.", "image": PICTURE}, {"text": "Bob left."}]}
    await client.post("/extract", json=body, headers=LINES)
    assert _counted(metrics, "umie_findings_total", kind="entities") == 2
    assert _counted(metrics, "umie_gate_count", task="entities") == 1


async def test_the_text_of_a_document_is_logged_once(
    connect: Callable[[Settings], httpx.AsyncClient],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "service")
    telling = connect(settings.model_copy(update={"log_content": True}))
    await telling.post("/extract", files={"document": ("a.txt", b"Ann came.")})
    asked = [record.__dict__["fields"] for record in caplog.records if record.msg == "asked"]
    assert asked == [{"text": "Ann came."}]


async def test_mentions_in_a_long_text_are_streamed_passage_by_passage(
    connect: Callable[[Settings], httpx.AsyncClient], settings: Settings
) -> None:
    client = connect(settings.model_copy(update={"max_text_chars": 10_000}))
    text = "\N{DOG} Ann met Bob. " * 60
    spans = [{"start": at, "end": at + 3} for at in range(2, len(text), len(text) // 60)]
    body = {"text": text, "mentions": spans, "tasks": ["entities"], "offsets": "utf16"}
    *lines, last = (await client.post("/extract", json=body, headers=LINES)).text.splitlines()
    found = [entity for line in lines for entity in json.loads(line)["entities"]]
    assert len(lines) > 1 and len(found) == 60
    assert {_units(text, entity["start"], entity["end"]) for entity in found} == {"Ann"}
    final = json.loads(last)["extraction"]["entities"]
    assert [e["start"] for e in final] == [e["start"] for e in found]


class Stuck(FakeEngine):
    """Never ends its second call."""

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        """Answers the first call."""
        self.pause_s = 60.0 if self.rounds else 0.0
        return await super().generate(prompts, visual)


async def test_a_stream_of_parts_ends_at_the_deadline(
    inventory: None, settings: Settings, metrics: Metrics
) -> None:
    engine = Stuck()
    app = fake_app(settings.model_copy(update={"deadline_s": 1.0}), engine, metrics)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        body = {"parts": [{"text": "Ann visited Bob."}, {"text": "Bob visited Ann."}]}
        response = await client.post("/extract", json=body, headers=LINES)
    first, second, last = (json.loads(line) for line in response.text.splitlines())
    assert (first["part"], second["part"]) == (0, 1)
    assert last["problem"]["type"] == "deadline-exceeded"
    assert engine.cancelled == 1 and engine.working == 0
    refused = {"reason": "deadline-exceeded"}
    assert _counted(metrics, "umie_refused_requests_total", **refused) == 1
