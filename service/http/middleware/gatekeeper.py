"""Who is let in: before a byte of the body is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.auth import Key, Keys, carries_key
from service.http.middleware.access_log import PROBES
from service.http.problems import problem_response
from service.http.rate_limit import TokenBucket
from service.http.wrong_keys import WrongKeys
from tasks.errors import EngineUnavailable, HeadersTooLarge, RateLimited, UMIEError, Unauthorised

PAGE_FILES = "/page/"
"""Where the page's scripts, styles and pictures are."""

PUBLIC = PROBES | {"/", "/dashboard", "/docs", "/openapi.json"}
"""What needs no key: probes, and pages that hold nothing of anybody. So do the page's files."""


@dataclass
class DrainState:
    """Whether new requests are let in; the server closes it when it begins to stop."""

    closed: bool = False


class Gatekeeper:
    """Turns away what comes while the service stops, over too many connections, with headers that
    are too large, or without a key.

    A connection beyond the limit has "crowded" in its state (see `service.http.protocol`). A
    request with a key has the key's line in its state, and its token bucket if there are rates.
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
        self._opening = drain_state
        self._keys = keys
        self._per_minute = per_minute
        self._buckets: dict[bytes, TokenBucket] = {}
        self._wrong_keys = WrongKeys(wrong_keys_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] == "http" and scope["path"] not in PROBES:
            try:
                self._let_in(scope)
            except UMIEError as error:
                response = problem_response(error)
                if scope["state"].get("crowded"):
                    response.headers["Connection"] = "close"
                return await response(scope, receive, send)
        await self._app(scope, receive, send)

    def _let_in(self, scope: Scope) -> None:
        state = scope.setdefault("state", {})
        if self._opening.closed:
            raise EngineUnavailable("the service is stopping")
        if state.get("crowded"):
            raise EngineUnavailable("there are too many connections")
        if _head_bytes(scope) > self._max_header_bytes:
            raise HeadersTooLarge(
                f"at most {self._max_header_bytes} bytes are admitted",
                limit=self._max_header_bytes,
            )
        path = scope["path"]
        if self._keys is None or path in PUBLIC or path.startswith(PAGE_FILES):
            return
        key = self._key(self._keys, scope)
        state["key"] = key.line
        if self._per_minute is None:
            return
        # not by line: a reload may put another key there
        bucket = self._buckets.setdefault(key.digest, TokenBucket(self._per_minute))
        state["bucket"] = bucket
        if wait := bucket.take():
            raise RateLimited(
                f"the key may be used {self._per_minute} times a minute",
                retry_after_s=math.ceil(wait),
            )

    def _key(self, keys: Keys, scope: Scope) -> Key:
        headers = Headers(scope=scope)
        try:
            return keys.find(headers)
        except Unauthorised:
            if carries_key(headers):
                self._wrong_keys.note((scope.get("client") or ("", 0))[0])
            raise


def _head_bytes(scope: Scope) -> int:
    target = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    return target + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
