"""What the service writes to its log, as text or as one JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from service.request_id import REQUEST_ID
from service.settings import Settings


def configure(settings: Settings) -> None:
    """Send every logger's records to standard error in the format of the settings."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormat() if settings.log_format == "json" else TextFormat())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())


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


def _told(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = getattr(record, "told", {})
    return told
