"""Both clients, over a transport of prepared answers and a clock of their own."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.umie_client.samples import full_tree, problem, tree
from tests.umie_client.service import Both, Clock, Script, answered, refused
from umie_client import (
    AsyncClient,
    BadRequest,
    Client,
    InvalidArgument,
    NotFound,
    Refused,
    TimedOut,
    TooLate,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)

BUSY = problem(503, "engine-unavailable")
BROKEN = httpx.ConnectError("connection refused")


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_an_answer_is_a_result_with_its_text(kind: str) -> None:
    result = Both(kind, Script(answered(full_tree()))).extract("Eileen Collins …", b"file")
    assert (result.text, result.picture) == ("Eileen Collins …", b"file")
    assert [entity.type for entity in result.entities] == ["person", "organization"]


def test_it_is_asked_again_until_it_answers(kind: str) -> None:
    script = Script(BROKEN, refused(503, BUSY), refused(429), answered(tree()))
    assert Both(kind, script).extract("a").entities == []
    assert len(script.requests) == 4 and len(script.clock.pauses) == 3
    assert len({request.content for request in script.requests}) == 1


def test_every_try_has_the_same_id(kind: str) -> None:
    script = Script(refused(503, BUSY), answered(tree()))
    Both(kind, script).extract("a")
    assert len({request.headers["X-Request-ID"] for request in script.requests}) == 1


def test_the_services_advice_is_heeded(kind: str) -> None:
    script = Script(refused(503, BUSY, Retry_After="7"), answered(tree()))
    Both(kind, script).extract("a")
    assert 7.0 <= script.clock.pauses[0] <= 7.5


def test_the_last_refusal_is_told_when_nothing_helps(kind: str) -> None:
    script = Script(refused(503, BUSY, Retry_After="1", X_Request_ID="the-services-own"))
    with pytest.raises(Unavailable, match="engine-unavailable: the detail") as caught:
        Both(kind, script).extract("a")
    assert len(script.requests) == 5
    assert caught.value.retry_after_s == 1.0
    assert caught.value.request_id == "the-services-own"


def test_no_connection_is_told_when_nothing_helps(kind: str) -> None:
    script = Script(BROKEN)
    with pytest.raises(Unreachable, match="connection refused") as caught:
        Both(kind, script, retries=2).extract("a")
    assert len(script.requests) == 3
    assert caught.value.__cause__ is BROKEN
    assert caught.value.request_id == script.requests[0].headers["X-Request-ID"]


def test_a_connection_that_breaks_is_tried_again(kind: str) -> None:
    gone = httpx.RemoteProtocolError("server disconnected without sending a response")
    script = Script(gone, httpx.ReadError(""), answered(tree()))
    assert Both(kind, script).extract("a").text == "a"


@pytest.mark.parametrize("status", [400, 401, 404, 413, 415, 422])
def test_what_is_wrong_is_sent_once(kind: str, status: int) -> None:
    script = Script(refused(status, problem(status, "a-word"), Retry_After="1"))
    with pytest.raises(BadRequest):
        Both(kind, script).extract("a")
    assert len(script.requests) == 1 and script.clock.pauses == []


def test_the_services_deadline_is_tried_once_more(kind: str) -> None:
    script = Script(refused(504, problem(504, "deadline-exceeded"), Retry_After="5"))
    with pytest.raises(TooLate):
        Both(kind, script).extract("a")
    assert len(script.requests) == 2


def test_no_pause_is_begun_that_leaves_no_time(kind: str) -> None:
    script = Script(refused(429, problem(429, "queue-full"), Retry_After="30"))
    with pytest.raises(TooManyRequests):
        Both(kind, script, timeout_s=29.0).extract("a")
    assert len(script.requests) == 1 and script.clock.pauses == []


def test_tries_and_pauses_together_keep_the_deadline(kind: str) -> None:
    clock = Clock()
    script = Script(refused(503, BUSY, Retry_After="2"), clock=clock, takes_s=3.0)
    with pytest.raises((Unavailable, TimedOut)):
        Both(kind, script, timeout_s=13.0, retries=99).extract("a")
    assert clock.time <= 1000.0 + 13.0 + 3.0
    assert len(script.requests) == 3


def test_each_try_is_given_what_is_left(kind: str) -> None:
    script = Script(refused(503, BUSY, Retry_After="20"), answered(tree()), takes_s=4.0)
    Both(kind, script, timeout_s=50.0).extract("a")
    first, second = (request.extensions["timeout"] for request in script.requests)
    assert first["read"] == 50.0 and 25.0 <= second["read"] <= 26.0
    assert first["connect"] == 10.0


def test_when_time_is_up_it_is_told_so(kind: str) -> None:
    with pytest.raises(TimedOut, match="no answer within 5 s"):
        Both(kind, Script(httpx.ReadTimeout("")), timeout_s=5.0).extract("a")


def test_an_address_that_says_nothing_is_tried_again(kind: str) -> None:
    script = Script(httpx.ConnectTimeout("timed out"), answered(tree()))
    assert Both(kind, script).extract("a").text == "a"


def test_a_slow_response_times_out() -> None:
    clock = Clock()

    class Trickle(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            while True:
                clock.time += 1.0
                yield b" "

    script = Script(httpx.Response(200, stream=Trickle()), clock=clock)
    with pytest.raises(TimedOut):
        Both("sync", script, timeout_s=5.0).extract("a")
    assert clock.time < 1010


def test_an_answer_that_does_not_come_is_given_up() -> None:
    class Silence(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    async def ask() -> None:
        async with AsyncClient(transport=Silence(), timeout_s=0.02) as client:
            await client.extract("a")

    with pytest.raises(TimedOut):
        asyncio.run(ask())


def test_somebody_elses_answer_is_told_and_not_asked_for_again(kind: str) -> None:
    script = Script(httpx.Response(200, text="<html>Welcome</html>"))
    with pytest.raises(UnexpectedAnswer, match="Welcome"):
        Both(kind, script).extract("a")
    assert len(script.requests) == 1


def test_a_proxys_refusal_has_a_problem_all_the_same(kind: str) -> None:
    with pytest.raises(Refused) as caught:
        Both(kind, Script(refused(418))).extract("a")
    assert caught.value.problem.status == 418


def test_the_key_is_sent_and_so_is_json(kind: str) -> None:
    script = Script(answered(tree()))
    Both(kind, script, api_key="0123456789abcdef").extract("a")
    headers = script.requests[0].headers
    assert headers["Authorization"] == "Bearer 0123456789abcdef"
    assert headers["Content-Type"] == "application/json"


def test_a_service_below_a_path_is_found(kind: str) -> None:
    script = Script(answered(tree()))
    Both(kind, script, url="https://host/umie/").extract_events("a")
    assert str(script.requests[0].url) == "https://host/umie/extract/events"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("extract", "/extract"),
        ("extract_entities", "/extract/entities"),
        ("extract_relations", "/extract/relations"),
        ("extract_events", "/extract/events"),
    ],
)
def test_each_task_has_its_path(kind: str, name: str, path: str) -> None:
    script = Script(answered(tree()))
    getattr(Both(kind, script), name)("a", min_score=0.5)
    assert (script.requests[0].method, script.requests[0].url.path) == ("POST", path)
    assert script.bodies == [{"text": "a", "min_score": 0.5}]


def test_a_name_in_a_path_stays_a_name(kind: str) -> None:
    script = Script(refused(404, problem(404, "not-found")))
    with pytest.raises(NotFound):
        Both(kind, script).ontology("a/../b?c")
    assert script.requests[0].url.raw_path == b"/ontologies/a%2F..%2Fb%3Fc"


def test_ready_is_what_the_first_try_says(kind: str) -> None:
    for step, ready in [(answered({"status": "ok"}), True), (refused(503, BUSY), False)]:
        script = Script(step)
        assert Both(kind, script).ready() is ready
        assert len(script.requests) == 1
    assert Both(kind, Script(BROKEN)).ready() is False
    assert Both(kind, Script(httpx.ReadTimeout(""))).ready() is False


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    "options",
    [
        {"url": "localhost:8000"},
        {"url": "ftp://host"},
        {"url": "http://"},
        {"url": "http://host:port"},
        {"api_key": "two words"},
        {"api_key": ""},
        {"api_key": "line\nbreak"},
        {"timeout_s": 0},
        {"timeout_s": float("inf")},
        {"timeout_s": float("nan")},
        {"retries": -1},
    ],
)
def test_a_client_that_makes_no_sense_is_not_made(
    client: type[Client] | type[AsyncClient], options: dict[str, object]
) -> None:
    with pytest.raises(InvalidArgument):
        client(**options)  # type: ignore[arg-type]


def test_connections_are_closed_with_the_client(kind: str) -> None:
    closed: list[str] = []

    class Sync(httpx.MockTransport):
        def close(self) -> None:
            closed.append("sync")

        async def aclose(self) -> None:
            closed.append("async")

    async def enter() -> None:
        async with AsyncClient(transport=Sync(Script(answered(tree())))):
            pass

    if kind == "sync":
        with Client(transport=Sync(Script(answered(tree())))):
            pass
    else:
        asyncio.run(enter())
    assert closed == [kind]
