"""A full server with a real engine, and one whose engine dies; `make soak` goes on for longer."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from service.engine.worker import Worker
from tests.soak import TIGHT, soak
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.serving import serving

SECONDS = 8.0
LIMITS = {**TIGHT, "deadline_s": 15.0}
"""Soon full, yet a machine that does something else meanwhile still answers in time."""

TEXT = {"text": "Ann met Bob in Oslo"}


def test_a_full_server_answers_everybody(tiny_folder: Path) -> None:
    with serving(tiny_folder / "bundle", **LIMITS) as served:
        report = asyncio.run(soak(f"http://{served}", SECONDS, limits=LIMITS))
        assert not report.faults, str(report)
        assert report.statuses[200] > 5 and report.statuses[429] > 5
        assert report.slowest_s < LIMITS["deadline_s"] + 5.0
        assert httpx.post(f"http://{served}/extract", data=TEXT, timeout=30).status_code == 200


def test_all_requests_fail_at_once_when_the_engine_dies(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_next = Worker.encode_next

    def dying(worker: Worker, lane: int) -> bool:
        if len(worker._queue) >= 4:
            raise SystemExit("killed")
        time.sleep(0.01)
        return encode_next(worker, lane) if not worker._queue else True

    with serving(tiny_folder / "bundle", deadline_s=60.0) as served, ThreadPoolExecutor(6) as pool:
        monkeypatch.setattr(Worker, "encode_next", dying)
        url = f"http://{served}"
        started = time.monotonic()
        asked = [pool.submit(httpx.post, f"{url}/extract", data=TEXT, timeout=90) for _ in range(6)]
        answers = [job.result() for job in asked]
        assert time.monotonic() - started < 30
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["type"] for answer in answers} == {"engine-unavailable"}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
        assert httpx.get(f"{url}/readyz").status_code == 503
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert "umie_engine_ready 0.0" in httpx.get(f"{url}/metrics").text
