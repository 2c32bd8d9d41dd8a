from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.processes import ContenderFailed, Process

_ECHO = "import sys; [print(line, end='', flush=True) for line in sys.stdin]"


def started(code: str, log: Path, *, answers: bool = False) -> Process:
    return Process("it", (sys.executable, "-c", code), {"ONE": "1"}, log, answers=answers)


def test_a_process_answers_commands(tmp_path: Path) -> None:
    process = started(_ECHO, tmp_path / "log", answers=True)
    try:
        assert process.tell({"do": "run"}) == {"do": "run"}
    finally:
        process.stop()
    with pytest.raises(ContenderFailed, match="it ended with"):
        process.check()


def test_a_paused_process_waits_and_can_be_ended(tmp_path: Path) -> None:
    process = started(_ECHO, tmp_path / "log", answers=True)
    try:
        process.pause()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(process.tell, {"do": "run"})
            with pytest.raises(TimeoutError):
                answer.result(0.3)
            process.resume()
            assert answer.result(20) == {"do": "run"}
        process.pause()
    finally:
        process.stop()
    with pytest.raises(ContenderFailed):
        process.check()


def test_its_settings_are_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMIE_PORT", "1")
    code = "import json, os; print(json.dumps([os.environ['ONE'], 'UMIE_PORT' in os.environ]))"
    process = started(code, tmp_path / "log", answers=True)
    try:
        assert process.read_value() == ["1", False]
    finally:
        process.stop()
    assert os.environ["UMIE_PORT"] == "1"


def test_one_that_fails_is_quoted(tmp_path: Path) -> None:
    process = started("raise SystemExit('no weights')", tmp_path / "log", answers=True)
    try:
        with pytest.raises(ContenderFailed, match="no weights"):
            process.read_value()
    finally:
        process.stop()
