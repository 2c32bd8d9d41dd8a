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
from service.http.server import DrainingServer, server_config
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_app

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Live:
    """A running server, with access to its engine and its metrics."""

    address: tuple[str, int]
    server: DrainingServer
    engine: FakeEngine
    metrics: Metrics

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def count(self, name: str, **labels: str) -> float:
        """The value of a sample, 0 where it does not exist yet."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def connect(self) -> socket.socket:
        """A new connection with a timeout."""
        return socket.create_connection(self.address, timeout=PATIENCE_S)

    def exchange(self, *pieces: bytes) -> bytes:
        """Send `pieces` and receive until the server closes the connection."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return receive_all(connection)


@contextmanager
def listening(settings: Settings, engine: FakeEngine, metrics: Metrics) -> Iterator[Live]:
    """Run a server on a free port, in a thread."""
    drain_state = DrainState()
    app = fake_app(settings, engine, metrics, drain_state=drain_state)
    config = server_config(app, settings, metrics, 0)
    server = DrainingServer(config, drain_state, settings.drain_s)
    with socket.create_server(("127.0.0.1", 0)) as listened:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listened]})
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield Live(listened.getsockname(), server, engine, metrics)
        finally:
            server.should_exit = True
            thread.join()


def receive_all(connection: socket.socket) -> bytes:
    """All data until the server closes the connection."""
    received = bytearray()
    while piece := connection.recv(65_536):
        received += piece
    return bytes(received)


def problem_in(answer: bytes) -> dict[str, Any]:
    """The problem document of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer[:500]
    problem: dict[str, Any] = json.loads(body)
    assert head.split()[1] == str(problem["status"]).encode()
    return problem


def wait_until(true: Callable[[], bool]) -> None:
    """Poll `true`; fail after `PATIENCE_S` seconds."""
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def form(body: bytes, length: int | None = None, path: str = "/extract") -> bytes:
    """A request with a multipart body; `length` overrides its Content-Length."""
    length = len(body) if length is None else length
    head = (
        f"POST {path} HTTP/1.1\r\nHost: umie\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


TEXT_PART = (
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAnn visited Bob\r\n--x--\r\n'
)
