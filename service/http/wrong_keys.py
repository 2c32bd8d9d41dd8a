"""How often an address may send a key that is not known."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict

from service.http.rate_limit import TokenBucket
from tasks.errors import RateLimited

_MAX_ADDRESSES = 4096
_IPV6_PREFIX = 64


class WrongKeys:
    """A bucket for each address that sent a wrong key lately; the oldest are dropped."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def note(self, address: str) -> None:
        """Count a wrong key; raises `RateLimited` where there were too many."""
        name = _network(address)
        bucket = self._buckets.pop(name, None) or TokenBucket(self._per_minute)
        self._buckets[name] = bucket
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        if wait := bucket.take():
            raise RateLimited(
                f"at most {self._per_minute} unknown keys a minute are admitted from an address",
                retry_after_s=math.ceil(wait),
            )


def _network(address: str) -> str:
    """The address; of version 6, its network, since a client has all of one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
