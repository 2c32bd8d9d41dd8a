"""Logging of the service and its libraries: text or one JSON object per line, with request ids."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from service.settings import Settings

log = logging.getLogger(__name__)

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that the current task works for."""

_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(header: str | None) -> str:
    """Return the caller's request id if it is safe to log and send back, else a new one."""
    return header if header is not None and _VALID_ID.fullmatch(header) else uuid.uuid4().hex


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Configure logging: one handler on the root logger.

    Warnings and uncaught exceptions are logged too.

    Args:
        settings: format and level.
        stream: output; standard error by default.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormat() if settings.log_format == "json" else TextFormat())
    handler.addFilter(BurstLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    remove_library_handlers()
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def remove_library_handlers() -> None:
    """Remove the stream handlers of libraries' loggers, so that only the root logger writes.

    Libraries add them on import; call this again after imports.
    """
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers[:] = [h for h in logger.handlers if not _writes(h)]
            logger.propagate = True


class BurstLimit(logging.Filter):
    """Limits warnings and errors per source line and period, and counts those it drops."""

    def __init__(
        self, lines: int = 20, period_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Create the filter.

        Args:
            lines: most records per source line and period.
            period_s: length of a period in seconds.
            clock: monotonic time in seconds.
        """
        super().__init__()
        self._lines, self._period_s, self._clock = lines, period_s, clock
        self._counts: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; the first of a period has the number of dropped ones."""
        if record.levelno < logging.WARNING:
            return True
        now, origin = self._clock(), (record.pathname, record.lineno)
        since, count = self._counts.get(origin, (now, 0))
        if now - since >= self._period_s:
            if (dropped := count - self._lines) > 0:
                record.fields = {**_fields(record), "left_out": dropped}
            since, count = now, 0
        self._counts[origin] = (since, count + 1)
        return count < self._lines


class JsonFormat(logging.Formatter):
    """JSON with time, level, logger, message, the request id if any, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format as one line; strings from requests are escaped."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request_id := REQUEST_ID.get()) is not None:
            row["request_id"] = request_id
        row |= _fields(record)
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str)


class TextFormat(logging.Formatter):
    """The same as readable text."""

    def __init__(self) -> None:
        """Create the formatter."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Format as one line; strings from requests are escaped as in JSON."""
        pairs = [f"{name}={json.dumps(v, default=str)}" for name, v in _fields(record).items()]
        if (request_id := REQUEST_ID.get()) is not None:
            pairs.append(f"request_id={request_id}")
        return " ".join([super().formatMessage(record), *pairs])


def _writes(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(
        handler, logging.FileHandler
    )


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The `extra={"fields": ...}` of a record."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
