"""Rate limits: token buckets for requests per key and for wrong keys per client address."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from tasks.errors import RateLimited

_MAX_ADDRESSES = 4096
_IPV6_PREFIX = 64


class TokenBucket:
    """A token bucket that holds `per_minute` tokens and is refilled evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60.0
        self._clock = clock
        self._tokens = self._capacity
        self._updated = clock()

    def take(self) -> float:
        """Take one token.

        Returns:
            0 where a token was taken, else the seconds until one is available.
        """
        now = self._clock()
        refill = (now - self._updated) * self._per_second
        self._tokens = min(self._capacity, self._tokens + refill)
        self._updated = now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._per_second
        self._tokens -= 1.0
        return 0.0


class WrongKeyLimit:
    """Limits the unknown keys that a client address may send per minute.

    At most 4096 addresses are tracked; the least recently used one is dropped.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def count(self, address: str) -> None:
        """Count an unknown key from `address`.

        Raises:
            RateLimited: the address has sent too many.
        """
        name = _network(address)
        bucket = self._buckets.pop(name, None) or TokenBucket(self._per_minute)
        self._buckets[name] = bucket
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        if wait := bucket.take():
            raise RateLimited(
                f"an address may send at most {self._per_minute} unknown keys per minute",
                retry_after_s=math.ceil(wait),
            )


def _network(address: str) -> str:
    """The address; of IPv6 its /64 network, since one client usually owns all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
