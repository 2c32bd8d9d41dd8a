from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine
from tests.service.live import Live, listening, wait_until


def _ask(live: Live) -> httpx.Response:
    return httpx.post(f"{live.url}/extract", data={"text": "Ann visited Bob"}, timeout=30)


def test_admitted_requests_end_and_new_ones_are_turned_away() -> None:
    with listening(Settings(drain_s=20), FakeEngine(), Metrics()) as live:
        live.engine.pause_s = 0.5
        with ThreadPoolExecutor(1) as threads:
            admitted = threads.submit(_ask, live)
            wait_until(lambda: live.engine.working == 1)
            live.listener.handle_exit(signal.SIGTERM, None)
            late = _ask(live)
            assert (late.status_code, late.json()["type"]) == (503, "engine-unavailable")
            assert httpx.get(f"{live.url}/readyz").status_code == 503
            assert httpx.get(f"{live.url}/healthz").status_code == 200
            assert admitted.result().status_code == 200
        wait_until(lambda: live.listener.should_exit)


def test_draining_has_an_end() -> None:
    before = threading.active_count()
    with listening(Settings(drain_s=0), FakeEngine(), Metrics()) as live:
        live.engine.pause_s = 60.0
        with ThreadPoolExecutor(1) as threads:
            stuck = threads.submit(_ask, live)
            wait_until(lambda: live.engine.working == 1)
            live.listener.handle_exit(signal.SIGTERM, None)
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
            live.listener.handle_exit(signal.SIGTERM, None)
            assert not live.listener.should_exit
            live.listener.handle_exit(signal.SIGTERM, None)
            assert live.listener.should_exit
            assert stuck.result().status_code == 503
