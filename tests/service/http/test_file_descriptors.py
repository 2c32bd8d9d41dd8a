"""Many idle connections with few file descriptors."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import httpx
import pytest

from service.http import file_descriptors
from service.http.file_descriptors import within_descriptors
from service.settings import Settings
from tasks.errors import SettingsError

SERVER = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 300))
from service.observability import logging as logs
from service.http.file_descriptors import raise_soft_limit, within_descriptors
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine
from tests.service.live import listening
limit = raise_soft_limit()
assert limit == 300, limit
logs.configure(Settings())
settings = within_descriptors(Settings(), limit)
with listening(settings, FakeEngine(), Metrics()) as live:
    print(live.address[1], settings.max_connections, flush=True)
    sys.stdin.read()
"""


def test_idle_connections_neither_exhaust_descriptors_nor_silence_probes() -> None:
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as server,
        # created once: creating a client takes longer than a request
        httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=10) as client,
    ):
        assert server.stdout is not None
        port, connections = map(int, server.stdout.readline().split())
        assert 50 < connections < 300
        url, slowest = f"http://127.0.0.1:{port}", 0.0
        with contextlib.ExitStack() as idle:
            for number in range(400):
                idle.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                if number % 40 == 39:
                    started = time.monotonic()
                    assert client.get(f"{url}/healthz").status_code == 200
                    slowest = max(slowest, time.monotonic() - started)
            text = {"text": "Ann visited Bob"}
            assert client.post(f"{url}/extract", data=text).status_code == 200
        assert slowest < 3
        _, errors = server.communicate("", timeout=30)
    assert "accept()" not in errors and "Traceback" not in errors
    assert len(errors.splitlines()) < 100


def test_too_few_descriptors_for_one_connection_stop_the_start() -> None:
    with pytest.raises(SettingsError, match="100 file descriptors is too low"):
        within_descriptors(Settings(), 100)


def test_enough_descriptors_do_not_change_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_descriptors, "_open_now", lambda: 50)
    assert within_descriptors(Settings(), 1024).max_connections == 512
    assert within_descriptors(Settings(metrics_port=9100), 1024).max_connections == 390
    assert within_descriptors(Settings(), 300).max_connections == 121
