from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.umie_client.samples import problem, tree
from tests.umie_client.service import (
    Both,
    Script,
    answered,
    async_client,
    refused,
    sync_client,
)
from umie_client import BadRequest, ImageUnreadable, InvalidArgument, Outcome


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def echo(request: httpx.Request) -> httpx.Response:
    """Calls the model what the text is; refuses "bad"."""
    text = json.loads(request.content).get("text")
    if text == "bad":
        return refused(422, problem(422, "empty-input"))
    return answered(tree(model=text))


class Taken:
    """Items without end, and how many were taken."""

    def __init__(self) -> None:
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for number in itertools.count():
            self.count += 1
            yield str(number)


def test_outcomes_come_in_the_order_of_the_items(kind: str) -> None:
    texts = [str(number) for number in range(50)]
    outcomes = Both(kind, Script(echo)).extract_many(texts, concurrency=7)
    assert [outcome.item for outcome in outcomes] == texts
    assert [outcome.get().model for outcome in outcomes] == texts


def test_what_fails_fails_alone(kind: str) -> None:
    items: list[Any] = ["a", "bad", 7, {"text": "b", "colour": "red"}, {"image": "/none"}, "c"]
    outcomes = Both(kind, Script(echo)).extract_many(items)
    errors = [type(outcome.error) for outcome in outcomes]
    nothing = type(None)
    wrong = InvalidArgument
    assert errors == [nothing, BadRequest, wrong, wrong, ImageUnreadable, nothing]
    assert [outcome.result is None for outcome in outcomes] == [e is not nothing for e in errors]
    with pytest.raises(BadRequest, match="empty-input"):
        outcomes[1].get()


def test_an_items_own_options_go_before_those_of_all(kind: str) -> None:
    script = Script(echo)
    items: list[Any] = ["a", {"text": "b", "tasks": "events"}, {"text": "c", "min_score": 0.1}]
    Both(kind, script).extract_many(items, tasks=["entities"], min_score=0.9)
    bodies = {body.pop("text"): body for body in script.bodies}
    assert bodies == {
        "a": {"tasks": ["entities"], "min_score": 0.9},
        "b": {"tasks": ["events"], "min_score": 0.9},
        "c": {"tasks": ["entities"], "min_score": 0.1},
    }


def test_nothing_is_taken_before_somebody_wants_it() -> None:
    taken = Taken()
    with sync_client(Script(echo)) as client:
        client.extract_many(taken)
    assert taken.count == 0


def test_an_endless_source_is_not_read_ahead() -> None:
    taken = Taken()
    with sync_client(Script(echo)) as client:
        outcomes = client.extract_many(taken, concurrency=3)
        first = list(itertools.islice(outcomes, 10))
        assert [outcome.get().model for outcome in first] == [str(n) for n in range(10)]
        assert taken.count <= 10 + 2 * 3
        outcomes.close()  # type: ignore[attr-defined]


def test_an_endless_source_is_not_read_ahead_by_tasks() -> None:
    taken = Taken()

    async def first(count: int) -> list[Outcome]:
        async with async_client(Script(echo)) as client:
            outcomes = client.extract_many(taken, concurrency=3)
            found = []
            async with contextlib.aclosing(outcomes):  # type: ignore[type-var]
                async for outcome in outcomes:
                    found.append(outcome)
                    if len(found) == count:
                        return found
        raise AssertionError

    assert [o.get().model for o in asyncio.run(first(10))] == [str(n) for n in range(10)]
    assert taken.count <= 10 + 2 * 3


def test_no_more_requests_are_under_way_than_admitted() -> None:
    lock, together = threading.Lock(), threading.Barrier(4, timeout=20)
    now = most = 0

    def crowd(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        together.wait()
        with lock:
            now -= 1
        return echo(request)

    outcomes = Both("sync", Script(crowd)).extract_many(["a"] * 16, concurrency=4)
    assert len(outcomes) == 16 and most == 4


def test_no_more_tasks_are_under_way_than_admitted() -> None:
    now = most = 0

    async def crowd(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return echo(request)

    async def ask() -> int:
        async with async_client(Script(echo)) as client:
            client._http = httpx.AsyncClient(
                transport=httpx.MockTransport(crowd), base_url="http://umie"
            )
            return len([o async for o in client.extract_many(["a"] * 16, concurrency=4)])

    assert asyncio.run(ask()) == 16 and most <= 4


def test_a_source_that_fails_loses_nothing_before_it(kind: str) -> None:
    def source() -> Iterator[str]:
        yield "a"
        yield "b"
        raise RuntimeError("the disk is gone")

    found: list[str] = []

    def collect() -> None:
        with sync_client(Script(echo)) as client:
            for outcome in client.extract_many(source()):
                found.append(outcome.get().model)

    async def collect_async() -> None:
        async with async_client(Script(echo)) as client:
            async for outcome in client.extract_many(source()):
                found.append(outcome.get().model)

    with pytest.raises(RuntimeError, match="the disk is gone"):
        collect() if kind == "sync" else asyncio.run(collect_async())
    assert found == ["a", "b"]


def test_items_may_come_asynchronously() -> None:
    async def source() -> AsyncIterator[str]:
        for text in "ab":
            await asyncio.sleep(0)
            yield text

    outcomes = Both("async", Script(echo)).extract_many(source())
    assert [outcome.get().model for outcome in outcomes] == ["a", "b"]


def test_whoever_stops_does_not_wait_for_pauses() -> None:
    before = threading.active_count()
    busy = refused(503, problem(503, "engine-unavailable"), Retry_After="60")
    answers = {"first": answered(tree(model="first"))}
    seen = threading.Semaphore(0)

    def once(request: httpx.Request) -> httpx.Response:
        seen.release()
        return answers.get(json.loads(request.content)["text"], busy)

    with sync_client(Script(once)) as client:
        outcomes = client.extract_many(["first", "second", "third"], concurrency=2)
        next(outcomes)
        for _ in range(2):
            assert seen.acquire(timeout=20)
        outcomes.close()  # type: ignore[attr-defined]
    assert threading.active_count() < before + 20


@pytest.mark.parametrize("items", ["text", b"bytes", {"text": "one"}])
def test_one_item_is_not_many(kind: str, items: Any) -> None:
    with pytest.raises(InvalidArgument, match="iterable"):
        Both(kind, Script(echo)).extract_many(items)


@pytest.mark.parametrize("concurrency", [0, -1, 1.5])
def test_at_least_one_at_a_time(kind: str, concurrency: Any) -> None:
    with pytest.raises(InvalidArgument, match="concurrency"):
        Both(kind, Script(echo)).extract_many(["a"], concurrency=concurrency)


def test_progress_is_shown_on_request(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    Both(kind, Script(echo)).extract_many(["a"] * 3)
    assert capsys.readouterr().err == ""
    Both(kind, Script(echo)).extract_many(["a"] * 3, progress=True)
    assert "3/3" in capsys.readouterr().err
