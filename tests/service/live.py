"""The service over a fake engine behind a real socket."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from service.http.middleware.gatekeeper import DrainState
from service.http.server import Listener, config_of
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_app

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Live:
    """A server and what can be visual of it from inside."""

    address: tuple[str, int]
    listener: Listener
    engine: FakeEngine
    metrics: Metrics

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def count(self, name: str, **labels: str) -> float:
        """A sample's value, 0 where there is none yet."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def connect(self) -> socket.socket:
        """A connection that gives up in the end."""
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def talk(self, *pieces: bytes) -> bytes:
        """Send `pieces` and hear all until the server hangs up."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return hear(connection)


@contextmanager
def listening(settings: Settings, engine: FakeEngine, metrics: Metrics) -> Iterator[Live]:
    """A server on a free port, in a thread of its own."""
    drain_state = DrainState()
    app = fake_app(settings, engine, metrics, drain_state=drain_state)
    config = config_of(app, settings, metrics, 0)
    listener = Listener(config, drain_state, settings.drain_s)
    with socket.create_server(("127.0.0.1", 0)) as listened:
        thread = threading.Thread(target=listener.run, kwargs={"sockets": [listened]})
        thread.start()
        try:
            wait_until(lambda: listener.started)
            yield Live(listened.getsockname(), listener, engine, metrics)
        finally:
            listener.should_exit = True
            thread.join()


def hear(connection: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    heard = bytearray()
    while piece := connection.recv(65_536):
        heard += piece
    return bytes(heard)


def problem_in(answer: bytes) -> dict[str, Any]:
    """The problem document of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer[:500]
    problem: dict[str, Any] = json.loads(body)
    assert head.split()[1] == str(problem["status"]).encode()
    return problem


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again; it is an error if it takes long."""
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def form(body: bytes, length: int | None = None, path: str = "/extract") -> bytes:
    """A request with a multipart body, of which more may be announced."""
    length = len(body) if length is None else length
    head = (
        f"POST {path} HTTP/1.1\r\nHost: umie\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


TEXT_PART = (
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAnn visited Bob\r\n--x--\r\n'
)
