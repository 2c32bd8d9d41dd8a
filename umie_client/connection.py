"""The connection settings that both clients share."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from umie_client.errors import InvalidArgument
from umie_client.exchange import Call, Steps, exchange
from umie_client.retries import Retries

DEFAULT_URL = "http://localhost:8000"
_KEY = re.compile(r"[!-~]+")
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=64)
"""Without a limit of connections: `extract_many` limits the requests in flight itself."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Connection settings.

    Attributes:
        url: base URL of the service.
        headers: headers of every request.
        timeout_s: most seconds for a call, retries included.
        retries: when to retry.
        now: monotonic time in seconds.
    """

    url: httpx.URL
    headers: dict[str, str]
    timeout_s: float
    retries: Retries
    now: Callable[[], float] = time.monotonic

    def exchange(self, call: Call[Any]) -> Steps:
        """Yield the steps of a call, with these settings."""
        return exchange(call, self.timeout_s, self.retries, self.now)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments for httpx clients."""
        return {"base_url": self.url, "headers": self.headers, "limits": _LIMITS}


def connection_to(url: str, api_key: str | None, timeout_s: float, retries: int) -> Connection:
    """Validate connection settings; raises `InvalidArgument`."""
    if not (isinstance(timeout_s, (int, float)) and 0 < timeout_s < math.inf):
        raise InvalidArgument(f"timeout_s must be a positive number of seconds, not {timeout_s!r}")
    if not (isinstance(retries, int) and retries >= 0):
        raise InvalidArgument(f"retries must be an integer of at least 0, not {retries!r}")
    headers = {"User-Agent": "umie-client", "Accept": "application/json"}
    if api_key is not None:
        if not _KEY.fullmatch(api_key):
            raise InvalidArgument("api_key must consist of visible ASCII characters without spaces")
        headers["Authorization"] = f"Bearer {api_key}"
    return Connection(_address(url), headers, float(timeout_s), Retries(most=retries))


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise InvalidArgument(f"url: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise InvalidArgument(f"url must be like {DEFAULT_URL}, not {url!r}")
    return address
