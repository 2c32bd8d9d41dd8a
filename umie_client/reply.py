"""Replies of the service, and how they are parsed."""

from __future__ import annotations

import email.utils
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from umie_client.errors import ClientError, UnexpectedAnswer, error_for
from umie_client.problem import problem_in

REQUEST_ID = "X-Request-ID"
_SECONDS = re.compile(r"\s*(\d{1,9})\s*")
_SHOWN = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body of a response."""

    status: int
    content: bytes
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    request_id: str | None = None


def error_in(reply: Reply) -> ClientError | None:
    """Return the error for a status other than 2xx, else None."""
    if 200 <= reply.status < 300:
        return None
    if reply.status < 400:
        return UnexpectedAnswer(
            f"the service redirects ({reply.status}) to {reply.headers.get('Location', 'nowhere')}",
            request_id=reply.request_id,
        )
    return error_for(
        problem_in(reply.status, reply.content),
        request_id=reply.request_id,
        retry_after_s=retry_after_s(reply.headers),
    )


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Parse `Retry-After`.

    A date is compared with the response's `Date`, so clocks need not agree.

    Returns:
        Seconds, at least 0; None if the header is missing or invalid.
    """
    value = headers.get("Retry-After", "")
    if seconds := _SECONDS.fullmatch(value):
        return float(seconds.group(1))
    then = _timestamp(value)
    if then is None:
        return None
    now = _timestamp(headers.get("Date", ""))
    return max(0.0, then - (time.time() if now is None else now))


def content_of(reply: Reply, kind: TypeAdapter[T], **more: Any) -> T:
    """Parse the JSON of a reply, with `more` keys added; raises `UnexpectedAnswer`."""
    try:
        if not more:
            return kind.validate_json(reply.content)
        tree = _OBJECT.validate_json(reply.content)
        return kind.validate_python(tree | more)
    except ValidationError as error:
        shown = reply.content[:_SHOWN].decode("utf-8", errors="replace")
        raise UnexpectedAnswer(
            f"the response is not one of the UMIE service: {shown!r}", request_id=reply.request_id
        ) from error


_OBJECT = TypeAdapter(dict[str, Any])


def _timestamp(date: str) -> float | None:
    try:
        stamp = email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return stamp if math.isfinite(stamp) else None
