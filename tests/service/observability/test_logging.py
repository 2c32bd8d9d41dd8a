from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest

from service.observability import logging as logs
from service.observability.logging import REQUEST_ID
from service.settings import Settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What goes to standard error; the root logger is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)


def _logged(settings: Settings, stream: io.StringIO) -> str:
    with redirect_stderr(stream):
        logs.configure(settings)
    log = logging.getLogger("service.somewhere")
    token = REQUEST_ID.set("job-7")
    try:
        raise ValueError("inside")
    except ValueError:
        log.exception("it\nfailed", extra={"fields": {"text": 'a "b"\n{"level": "forged"}'}})
    finally:
        REQUEST_ID.reset(token)
    log.info("calm")
    log.debug("never")
    return stream.getvalue()


def test_json_is_one_object_a_line(stream: io.StringIO) -> None:
    text = _logged(Settings(log_format="json"), stream)
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    first, second = rows
    assert (first["level"], first["logger"]) == ("error", "service.somewhere")
    assert first["message"] == "it\nfailed" and first["request_id"] == "job-7"
    assert first["text"].endswith('{"level": "forged"}')
    assert "ValueError: inside" in first["exception"]
    assert second["message"] == "calm" and "request_id" not in second
    assert first["time"].endswith("+00:00")


def test_text_is_for_the_eye_and_escapes_what_requests_sent(stream: io.StringIO) -> None:
    text = _logged(Settings(log_format="text"), stream)
    assert "request_id=job-7" in text and "ValueError: inside" in text
    assert '\n{"level": "forged"}' not in text
    assert text.endswith("INFO service.somewhere: calm\n")


def test_the_level_is_the_settings(stream: io.StringIO) -> None:
    assert "calm" not in _logged(Settings(log_level="warning"), stream)


def test_libraries_write_through_the_root_alone(stream: io.StringIO) -> None:
    library = logging.getLogger("library.of.somebody")
    library.propagate = False
    library.addHandler(logging.StreamHandler(stream))
    with redirect_stderr(stream):
        logs.configure(Settings(log_format="json"))
    library.error("told once")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "told once"


def test_what_comes_again_and_again_is_counted(stream: io.StringIO) -> None:
    now = [0.0]
    limit = logs.BurstLimit(lines=2, period_s=10.0, clock=lambda: now[0])

    def records(level: int, count: int) -> list[logging.LogRecord]:
        made = [logging.LogRecord("a", level, "f.py", 1, "m", (), None) for _ in range(count)]
        return [record for record in made if limit.filter(record)]

    assert len(records(logging.ERROR, 7)) == 2
    assert len(records(logging.INFO, 7)) == 7
    now[0] = 10.0
    (first,) = records(logging.ERROR, 1)
    assert vars(first)["fields"] == {"left_out": 5}
