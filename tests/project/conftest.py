"""The service as others see it: a real server on a real port."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_app


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def tool(name: str) -> str:
    """The path of a tool of Prometheus; a test without it is skipped, or fails where CI is set."""
    path = shutil.which(name)
    if path is None:
        reason = f"no {name} on the path; Debian's package `prometheus` has it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return path


@pytest.fixture(scope="session")
def promtool() -> str:
    return tool("promtool")


@pytest.fixture(scope="module")
def live_service() -> Iterator[str]:
    """The address, host:port, of the service over a fake engine."""
    metrics = Metrics()
    metrics.describe_model(version="umie-fake@0", precision="fp32", provider="none")
    app = fake_app(Settings(), FakeEngine(), metrics)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started, seconds=30, what="the service starts")
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
