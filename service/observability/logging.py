"""What the service and its libraries log, as text or as one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from service.observability.request_id import REQUEST_ID
from service.settings import Settings

log = logging.getLogger(__name__)


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream`, standard error by default, in the settings' format.

    Python's warnings and exceptions that nobody catches become records too.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormat() if settings.log_format == "json" else TextFormat())
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    adopt()
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def adopt() -> None:
    """Take the handlers from libraries' loggers, so that only the root's writes.

    Libraries add theirs when they are imported: call it again after that.
    """
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers[:] = [h for h in logger.handlers if not _writes(h)]
            logger.propagate = True


class Sparing(logging.Filter):
    """Lets through so many warnings and errors of one place in the code, then counts the rest."""

    def __init__(
        self, lines: int = 20, period_s: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._lines, self._period_s, self._clock = lines, period_s, clock
        self._places: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; one after others were not tells how many."""
        if record.levelno < logging.WARNING:
            return True
        now, place = self._clock(), (record.pathname, record.lineno)
        since, count = self._places.get(place, (now, 0))
        if now - since >= self._period_s:
            if (left_out := count - self._lines) > 0:
                record.told = {**_told(record), "left_out": left_out}
            since, count = now, 0
        self._places[place] = (since, count + 1)
        return count < self._lines


class JsonFormat(logging.Formatter):
    """time, level, logger, message, request_id where there is one, and what a record tells."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; whatever a request sent is escaped in it."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request_id := REQUEST_ID.get()) is not None:
            row["request_id"] = request_id
        row |= _told(record)
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str)


class TextFormat(logging.Formatter):
    """The same for the eye."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """One line; what a request sent is escaped as in JSON."""
        told = [f"{name}={json.dumps(value, default=str)}" for name, value in _told(record).items()]
        if (request_id := REQUEST_ID.get()) is not None:
            told.append(f"request_id={request_id}")
        return " ".join([super().formatMessage(record), *told])


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


def _told(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = getattr(record, "told", {})
    return told
