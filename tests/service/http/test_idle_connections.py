from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from service.http.protocol import IdleConnections


@dataclass(eq=False)
class FakeConnection:
    """What is looked at to choose a connection to close."""

    cycle: object | None = None
    is_idle: bool = True


def _filled(*connections: Any) -> IdleConnections:
    idle = IdleConnections()
    for connection in connections:
        idle.add(connection)
    return idle


def test_unused_connections_are_closed_first_and_the_longest_idle_before_others() -> None:
    kept, first, second = FakeConnection(object()), FakeConnection(), FakeConnection()
    idle = _filled(kept, first, second)
    assert [idle.take() for _ in range(4)] == [first, second, kept, None]


def test_a_connection_that_is_not_idle_is_left_alone() -> None:
    busy, closing, unused = FakeConnection(), FakeConnection(is_idle=False), FakeConnection()
    idle = _filled(busy, closing, unused)
    idle.discard(busy)  # type: ignore[arg-type]
    assert [idle.take(), idle.take()] == [unused, None]


def test_a_thousand_new_connections_take_little_time() -> None:
    idle = _filled(*(FakeConnection() for _ in range(512)))
    connections: list[Any] = [FakeConnection() for _ in range(1000)]
    started = time.thread_time()
    for connection in connections:
        idle.add(connection)
        assert idle.take() is not None
    assert time.thread_time() - started < 0.05
