from __future__ import annotations

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers

from service.http.auth import Keys
from service.http.server import ReloadHooks
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import Unauthorised
from tests.service.fakes import FakeEngine
from tests.service.live import Live, listening, wait_until

OLD, NEW = "old-key-of-sixteen", "new-key-of-sixteen"


def _ask(live: Live) -> httpx.Response:
    return httpx.post(f"{live.url}/extract", data={"text": "Ann visited Bob"}, timeout=30)


def _headers(key: str) -> Headers:
    return Headers({"x-api-key": key})


def test_while_draining_running_requests_end_and_new_ones_are_refused() -> None:
    with listening(Settings(drain_s=20), FakeEngine(), Metrics()) as live:
        live.engine.pause_s = 0.5
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(_ask, live)
            wait_until(lambda: live.engine.working == 1)
            live.server.handle_exit(signal.SIGTERM, None)
            late = _ask(live)
            assert (late.status_code, late.json()["type"]) == (503, "engine-unavailable")
            assert httpx.get(f"{live.url}/readyz").status_code == 503
            assert httpx.get(f"{live.url}/healthz").status_code == 200
            assert running.result().status_code == 200
        wait_until(lambda: live.server.should_exit)


def test_requests_that_outlast_the_drain_time_are_cancelled() -> None:
    before = threading.active_count()
    with listening(Settings(drain_s=0), FakeEngine(), Metrics()) as live:
        live.engine.pause_s = 60.0
        with ThreadPoolExecutor(1) as threads:
            stuck = threads.submit(_ask, live)
            wait_until(lambda: live.engine.working == 1)
            live.server.handle_exit(signal.SIGTERM, None)
            answer = stuck.result()
            assert (answer.status_code, answer.json()["type"]) == (503, "engine-unavailable")
        assert live.engine.cancelled == 1
    wait_until(lambda: threading.active_count() <= before)


def test_a_second_signal_stops_at_once() -> None:
    with listening(Settings(drain_s=60), FakeEngine(), Metrics()) as live:
        live.engine.pause_s = 60.0
        with ThreadPoolExecutor(1) as threads:
            stuck = threads.submit(_ask, live)
            wait_until(lambda: live.engine.working == 1)
            live.server.handle_exit(signal.SIGTERM, None)
            assert not live.server.should_exit
            live.server.handle_exit(signal.SIGTERM, None)
            assert live.server.should_exit
            assert stuck.result().status_code == 503


def test_keys_are_reloaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, hooks = tmp_path / "keys", ReloadHooks()
    file.write_text(OLD)
    keys = Keys.read(file)
    hooks.add("API keys", keys.reload)
    file.write_text(NEW)
    assert keys.find(_headers(OLD)).line == 1
    with caplog.at_level(logging.INFO):
        hooks.run()
    assert keys.find(_headers(NEW)).line == 1 and "reloaded the API keys" in caplog.text
    with pytest.raises(Unauthorised):
        keys.find(_headers(OLD))


def test_a_reload_that_fails_keeps_the_previous_keys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, hooks = tmp_path / "keys", ReloadHooks()
    file.write_text(OLD)
    keys = Keys.read(file)
    hooks.add("API keys", keys.reload)
    for content in ("short", ""):
        file.write_text(content)
        hooks.run()
    file.unlink()
    hooks.run()
    assert keys.find(_headers(OLD)).line == 1 and caplog.text.count("cannot reload") == 3


def test_without_hooks_a_reload_does_nothing() -> None:
    ReloadHooks().run()
