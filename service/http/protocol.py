"""A connection: what uvicorn's own admits without end is limited here."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.http.file_descriptors import SPARE_CONNECTIONS
from service.http.middleware.graceful_close import LINGER_S
from service.http.problems import MEDIA_TYPE, http_problem
from service.observability.metrics import Metrics
from service.settings import Settings

log = logging.getLogger(__name__)


class Connection(H11Protocol):
    """Headers must arrive in time and answers be taken in time; faults are problem documents.

    A connection beyond the limit closes one that waits for a request: an unused one before those
    that are kept for the next request, the longest waiting first. Where none waits, it is served
    with "crowded" in its requests' state, so that probes are still answered; the door turns the
    rest away. Beyond the spare connections it is closed.
    """

    max_connections: int
    header_timeout_s: float
    write_timeout_s: float
    refused: Callable[[str], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # it would tell paths as they were sent; AccessLog logs
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._waiting_since = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request's headers."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._make_room()
        if not self.transport.is_closing():
            self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        for timer in (self._header_timer, self._write_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a request that has begun must soon have its headers."""
        if not self._hung_up:
            super().data_received(data)
            self._expect_headers()

    def shutdown(self) -> None:
        """End an idle connection; one that was refused has no more to say."""
        if self._hung_up:
            self.transport.close()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Wait for the client to take what is sent, but not for ever."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        """Tell in a problem document why what was sent is no request, and hang up."""
        if getattr(sys.exc_info()[1], "error_status_hint", 400) == 431:
            self._refuse(431, "the request line and headers have more bytes than are admitted")
        else:
            self._refuse(400, "what was sent is no HTTP request")

    @property
    def waits(self) -> bool:
        """Whether no request is being received or answered."""
        return self._header_timer is not None and not self._hung_up

    @property
    def _rank(self) -> tuple[bool, float]:
        return self.cycle is not None, self._waiting_since

    def _make_room(self) -> None:
        log.warning("more than %d connections are open", self.max_connections)
        waiting = [c for c in self.connections if isinstance(c, Connection) and c.waits]
        if waiting:
            oldest = min(waiting, key=lambda connection: connection._rank)
            oldest.transport.close()
            self.connections.discard(oldest)  # what closes is told only later
        elif len(self.connections) <= self.max_connections + SPARE_CONNECTIONS:
            self.app_state = {**self.app_state, "crowded": True}
        else:
            self.transport.close()

    @property
    def _hung_up(self) -> bool:
        return self._linger_timer is not None or self.transport.is_closing()

    def _expect_headers(self) -> None:
        waiting = self.conn.their_state is h11.IDLE and not self._hung_up
        if waiting and self._header_timer is None:
            self._waiting_since = time.monotonic()
            self._header_timer = self.loop.call_later(self.header_timeout_s, self._headers_late)
        elif not waiting and self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_late(self) -> None:
        self._refuse(408, f"the headers did not arrive within {self.header_timeout_s:g} s")

    def _refuse(self, status: int, detail: str) -> None:
        if self.cycle is not None:  # the application is told as if the client had gone
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = http_problem(status, detail)
            self.refused(problem.type)
            body = problem.model_dump_json(exclude_none=True).encode()
            headers = [
                ("content-type", MEDIA_TYPE),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            events = (
                h11.Response(status_code=status, headers=headers),
                h11.Data(data=body),
                h11.EndOfMessage(),
            )
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self._hang_up()

    def _hang_up(self) -> None:
        """Say no more, and close when the client does: see `GracefulClose`."""
        if not self._hung_up:
            self._unset_keepalive_if_required()
            self.flow.resume_reading()
            self.transport.write_eof()
            self._linger_timer = self.loop.call_later(LINGER_S, self.transport.close)


def connection_of(settings: Settings, metrics: Metrics) -> type[Connection]:
    """The connections of a server with these settings; what they refuse is counted."""

    def count(reason: str) -> None:
        metrics.refused.labels(reason=reason).inc()

    class Limited(Connection):
        max_connections = settings.max_connections
        header_timeout_s = settings.header_timeout_s
        write_timeout_s = settings.write_timeout_s
        refused = staticmethod(count)

    return Limited
