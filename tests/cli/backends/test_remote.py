from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from cli.backends.answer import Answer, Failure
from cli.backends.remote import RemoteBackend
from schema.extraction import Extraction
from tasks.errors import DataError, EngineUnavailable
from tests.cli.fakes import found
from tests.service.fakes import MODEL_NAME, TEXT, picture_bytes
from umie_client.async_client import AsyncClient

pytestmark = pytest.mark.anyio

Handler = Callable[[httpx.Request], httpx.Response]


async def ask(handler: Handler, fields: dict[str, Any], retries: int = 2) -> Answer:
    client = AsyncClient(transport=httpx.MockTransport(handler), retries=retries)
    async with RemoteBackend(client, "umie-x@1") as backend:
        return await backend.answer(fields)


def refusing(status: int, kind: str, **more: Any) -> Handler:
    problem = {"type": kind, "title": "No", "status": status, "detail": "it is so", **more}
    return lambda _: httpx.Response(status, json=problem, headers={"Retry-After": "0"})


async def test_a_service_is_asked_as_it_wants_to_be(live_service: str) -> None:
    async with RemoteBackend.reach(live_service, None) as backend:
        assert backend.model == MODEL_NAME
        fields = {"text": TEXT, "tasks": ["entities"], "image": picture_bytes(), "min_score": 0.65}
        answer = await backend.answer(fields)
        assert type(answer) is Extraction
        assert [entity.text for entity in answer.entities] == ["Ann", "Bob"]
        assert answer.image is not None and len(answer.regions) == 1
        own = {"text": TEXT, "ontology": {"entities": ["ship"]}, "regions": [[0, 0, 5, 5]]}
        answer = await backend.answer({**own, "image": picture_bytes()})
        assert type(answer) is Extraction and answer.entities[0].type == "ship"
        failed = await backend.answer({"text": TEXT, "tasks": ["sing"]})
        assert isinstance(failed, Failure) and failed.type == "unknown-task"


async def test_nothing_that_the_api_lacks_is_sent() -> None:
    answer = await ask(refusing(500, "never"), {"self": 1})
    assert answer == Failure(type="invalid-field", detail="there is no field 'self'", field="self")


@pytest.mark.parametrize("fields", [{"text": "Ann", "min_score": float("nan")}])
async def test_what_cannot_be_sent_fails_alone(fields: dict[str, Any]) -> None:
    answer = await ask(refusing(500, "never"), fields)
    assert isinstance(answer, Failure) and answer.type == "unreadable-input"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (413, "image-too-large"),
        (422, "text-too-long"),
        (500, "internal-error"),
        (504, "deadline-exceeded"),
    ],
)
async def test_what_the_service_refuses_fails_alone(status: int, kind: str) -> None:
    answer = await ask(refusing(status, kind, limit=9), {"text": "Ann"})
    assert answer == Failure(type=kind, detail="it is so", limit=9)


async def test_a_busy_service_is_asked_again() -> None:
    statuses = iter((429, 503, 200))

    def handler(request: httpx.Request) -> httpx.Response:
        status = next(statuses)
        if status != 200:
            return refusing(status, "busy")(request)
        return httpx.Response(200, json=found().model_dump(mode="json"))

    assert await ask(handler, {"text": "Ann met Bob"}) == found()


@pytest.mark.parametrize("handler", [refusing(401, "unauthorised"), refusing(429, "rate-limited")])
async def test_what_holds_for_all_documents_is_raised(handler: Handler) -> None:
    with pytest.raises(EngineUnavailable, match="it is so"):
        await ask(handler, {"text": "Ann"}, retries=0)


def test_a_service_that_is_not_there_is_told() -> None:
    with pytest.raises(EngineUnavailable, match=r"http://127\.0\.0\.1:1: cannot reach"):
        RemoteBackend.reach("http://127.0.0.1:1", None)
    with pytest.raises(DataError, match="url must be like"):
        RemoteBackend.reach("localhost:8000", None)
