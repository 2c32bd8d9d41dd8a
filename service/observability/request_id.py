"""The id under which a request is logged and answered."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that the running task works for."""

_ADMITTED = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(sent: str | None) -> str:
    """The id that the caller sent, if it is fit to be logged and sent back; else a new one."""
    return sent if sent is not None and _ADMITTED.fullmatch(sent) else uuid.uuid4().hex
