"""Where the service is, and how it is asked: what both clients are made with."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from umie_client.call import Call
from umie_client.errors import InvalidArgument
from umie_client.exchange import Steps, exchange
from umie_client.retries import Retries

DEFAULT_URL = "http://localhost:8000"
_KEY = re.compile(r"[!-~]+")
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=64)
"""`extract_many` says itself how many requests are under way."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An address, a key, and how long and how often to try."""

    url: httpx.URL
    headers: dict[str, str]
    timeout_s: float
    retries: Retries
    now: Callable[[], float] = time.monotonic

    def exchange(self, call: Call[Any]) -> Steps:
        """The steps of a call, with this client's patience."""
        return exchange(call, self.timeout_s, self.retries, self.now)

    @property
    def options(self) -> dict[str, Any]:
        """What both of httpx' clients take."""
        return {"base_url": self.url, "headers": self.headers, "limits": _LIMITS}


def connection_to(url: str, api_key: str | None, timeout_s: float, retries: int) -> Connection:
    """A connection that makes sense; raises `InvalidArgument`."""
    if not (isinstance(timeout_s, (int, float)) and 0 < timeout_s < math.inf):
        raise InvalidArgument(f"timeout_s is to be a number of seconds above 0, not {timeout_s!r}")
    if not (isinstance(retries, int) and retries >= 0):
        raise InvalidArgument(f"retries is to be 0 or more, not {retries!r}")
    headers = {"User-Agent": "umie-client", "Accept": "application/json"}
    if api_key is not None:
        if not _KEY.fullmatch(api_key):
            raise InvalidArgument("api_key is to be visible ASCII characters without spaces")
        headers["Authorization"] = f"Bearer {api_key}"
    return Connection(_address(url), headers, float(timeout_s), Retries(most=retries))


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise InvalidArgument(f"url: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise InvalidArgument(f"url is to be like {DEFAULT_URL}, not {url!r}")
    return address
