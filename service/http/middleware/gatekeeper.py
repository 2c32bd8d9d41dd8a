"""Check whether a request may be served, before its body is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.auth import Key, Keys, carries_key
from service.http.middleware.access_log import PROBES
from service.http.problems import problem_response
from service.http.rate_limit import TokenBucket, WrongKeyLimit
from tasks.errors import EngineUnavailable, HeadersTooLarge, RateLimited, UMIEError, Unauthorised

PAGE_FILES = "/page/"
"""The prefix of the pages' scripts, styles and images."""

PUBLIC = PROBES | {"/", "/dashboard", "/docs", "/openapi.json"}
"""Paths that need no API key: probes and static pages, besides the files under `PAGE_FILES`."""


@dataclass
class DrainState:
    """Whether the service is draining; the server sets it when it begins to stop."""

    draining: bool = False


class Gatekeeper:
    """Refuses requests while the service drains, beyond the connection limit, with too large
    headers, without a valid key, or beyond the key's rate limit. Probes always pass.

    `service.http.protocol` sets "over_connection_limit" in the state of requests. The gatekeeper
    adds the line of the request's key as "key", and its token bucket as "bucket" if there is one.
    """

    def __init__(
        self,
        app: ASGIApp,
        drain_state: DrainState,
        keys: Keys | None,
        per_minute: int | None,
        max_header_bytes: int,
        wrong_keys_per_minute: int,
    ) -> None:
        self._app = app
        self._max_header_bytes = max_header_bytes
        self._drain_state = drain_state
        self._keys = keys
        self._per_minute = per_minute
        self._buckets: dict[bytes, TokenBucket] = {}
        self._wrong_keys = WrongKeyLimit(wrong_keys_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in PROBES:
            try:
                self._check(scope)
            except UMIEError as error:
                response = problem_response(error)
                if scope["state"].get("over_connection_limit"):
                    response.headers["Connection"] = "close"
                return await response(scope, receive, send)
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        state = scope.setdefault("state", {})
        if self._drain_state.draining:
            raise EngineUnavailable("the service is stopping")
        if state.get("over_connection_limit"):
            raise EngineUnavailable("too many connections are open")
        if _header_bytes(scope) > self._max_header_bytes:
            raise HeadersTooLarge(
                f"the request line and headers must have at most {self._max_header_bytes} bytes",
                limit=self._max_header_bytes,
            )
        path = scope["path"]
        if self._keys is None or path in PUBLIC or path.startswith(PAGE_FILES):
            return
        key = self._key(self._keys, scope)
        state["key"] = key.line
        if self._per_minute is None:
            return
        # by digest, since a reload may change the lines
        bucket = self._buckets.setdefault(key.digest, TokenBucket(self._per_minute))
        state["bucket"] = bucket
        if wait := bucket.take():
            raise RateLimited(
                f"a key may be used for at most {self._per_minute} requests per minute",
                retry_after_s=math.ceil(wait),
            )

    def _key(self, keys: Keys, scope: Scope) -> Key:
        headers = Headers(scope=scope)
        try:
            return keys.find(headers)
        except Unauthorised:
            if carries_key(headers):
                self._wrong_keys.count((scope.get("client") or ("", 0))[0])
            raise


def _header_bytes(scope: Scope) -> int:
    target = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    return target + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
