"""A service made of prepared answers, a clock that nobody waits for, and both clients in one."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import httpx

from umie_client import AsyncClient, Client, Outcome

Step = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.pauses: list[float] = []

    def now(self) -> float:
        """Seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.pauses.append(seconds)
        self.time += seconds

    async def sleep_async(self, seconds: float) -> None:
        """Let them pass."""
        self.sleep(seconds)


class Script:
    """Answers to requests, one after the other; the last one again and again."""

    def __init__(self, *steps: Step, clock: Clock | None = None, takes_s: float = 0.0) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []
        self.clock, self.takes_s = clock or Clock(), takes_s

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The next answer; raises it if it is an error."""
        self.requests.append(request)
        self.clock.time += self.takes_s
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What was posted."""
        return [json.loads(request.content) for request in self.requests]


class Both:
    """A client of either kind, asked in the same way."""

    def __init__(self, kind: str, script: Script, **options: Any) -> None:
        self.kind, self._script, self._options = kind, script, options

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Calls the method of that name."""

        def call(*arguments: Any, **options: Any) -> Any:
            if self.kind == "sync":
                with sync_client(self._script, **self._options) as client:
                    return getattr(client, name)(*arguments, **options)
            return asyncio.run(self._await(name, *arguments, **options))

        return call

    def extract_many(self, items: Any, **options: Any) -> list[Outcome]:
        """All outcomes."""
        if self.kind == "sync":
            with sync_client(self._script, **self._options) as client:
                return list(client.extract_many(items, **options))

        async def collect() -> list[Outcome]:
            async with async_client(self._script, **self._options) as client:
                return [outcome async for outcome in client.extract_many(items, **options)]

        return asyncio.run(collect())

    async def _await(self, name: str, *arguments: Any, **options: Any) -> Any:
        async with async_client(self._script, **self._options) as client:
            return await getattr(client, name)(*arguments, **options)


def sync_client(script: Script, **options: Any) -> Client:
    """A client that talks to `script`, by its clock."""
    client = Client(transport=httpx.MockTransport(script), **options)
    client._connection = dataclasses.replace(client._connection, now=script.clock.now)
    client._sleep = script.clock.sleep
    return client


def async_client(script: Script, **options: Any) -> AsyncClient:
    """As `sync_client`."""
    client = AsyncClient(transport=httpx.MockTransport(script), **options)
    client._connection = dataclasses.replace(client._connection, now=script.clock.now)
    client._sleep = script.clock.sleep_async
    return client


def answered(tree: Any, **headers: str) -> httpx.Response:
    """An answer with JSON."""
    return httpx.Response(200, json=tree, headers=headers)


def refused(status: int, tree: Any = None, **headers: str) -> httpx.Response:
    """An answer that says no."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if tree is None:
        return httpx.Response(status, headers=named)
    content = json.dumps(tree).encode()
    return httpx.Response(
        status, content=content, headers={"Content-Type": "application/problem+json"} | named
    )
