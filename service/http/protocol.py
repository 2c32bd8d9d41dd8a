"""The HTTP/1.1 protocol of a connection: uvicorn's, with limits on time and connections.

It uses private members of `H11Protocol`, so `pyproject.toml` fixes uvicorn's minor version.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import OrderedDict
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


class IdleConnections:
    """The idle connections of a server, in the order in which they are closed for new ones.

    Looking at all connections for each new one would hold the event loop for 0.1 s when a client
    opens a thousand.
    """

    def __init__(self) -> None:
        self._unused = OrderedDict[LimitedProtocol, None]()
        self._kept_alive = OrderedDict[LimitedProtocol, None]()

    def add(self, connection: LimitedProtocol) -> None:
        """Append a connection that has just become idle."""
        idle = self._unused if connection.cycle is None else self._kept_alive
        idle[connection] = None

    def discard(self, connection: LimitedProtocol) -> None:
        """Remove a connection that is not idle any more, if it is there."""
        self._unused.pop(connection, None)
        self._kept_alive.pop(connection, None)

    def take(self) -> LimitedProtocol | None:
        """Remove and return the connection to close; None where no connection is idle."""
        for idle in (self._unused, self._kept_alive):
            while idle:
                connection, _ = idle.popitem(last=False)
                if connection.is_idle:  # it may be closing
                    return connection
        return None


class LimitedProtocol(H11Protocol):
    """Limits the time for headers and writes, and the number of connections.

    Protocol errors are answered with problem documents. A connection beyond the limit closes an
    idle one: first those that have not served a request, then kept-alive ones, the longest idle
    first. Where none is idle, the connection is served with "over_connection_limit" in the state
    of its requests; the gatekeeper then answers probes alone. Beyond the spare connections it is
    closed.
    """

    max_connections: int
    header_timeout_s: float
    write_timeout_s: float
    count_refusal: Callable[[str], None]
    idle_connections: IdleConnections

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # uvicorn would log paths as sent; the middleware AccessLog logs
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the headers of the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._handle_connection_limit()
        if not self.transport.is_closing():
            self._update_header_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        self.idle_connections.discard(self)
        for timer in (self._header_timer, self._write_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle data, unless the connection is closing."""
        if not self._is_closing:
            super().data_received(data)
            self._update_header_timer()

    def shutdown(self) -> None:
        """Close the connection: at once after a refusal, else when it is idle."""
        if self._is_closing:
            self.transport.close()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Start the timer for the client to read what is sent."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed request with a problem document and close the connection."""
        if getattr(sys.exc_info()[1], "error_status_hint", 400) == 431:
            self._refuse(431, "the request line and headers are too large")
        else:
            self._refuse(400, "the data is not a valid HTTP request")

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received or answered."""
        return self._header_timer is not None and not self._is_closing

    def _handle_connection_limit(self) -> None:
        log.warning("more than %d connections are open", self.max_connections)
        if (oldest := self.idle_connections.take()) is not None:
            oldest.transport.close()
            self.connections.discard(oldest)  # connection_lost is called only later
        elif len(self.connections) <= self.max_connections + SPARE_CONNECTIONS:
            self.app_state = {**self.app_state, "over_connection_limit": True}
        else:
            self.transport.close()

    @property
    def _is_closing(self) -> bool:
        return self._linger_timer is not None or self.transport.is_closing()

    def _update_header_timer(self) -> None:
        idle = self.conn.their_state is h11.IDLE and not self._is_closing
        if idle and self._header_timer is None:
            self.idle_connections.add(self)
            self._header_timer = self.loop.call_later(self.header_timeout_s, self._headers_late)
        elif not idle and self._header_timer is not None:
            self.idle_connections.discard(self)
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_late(self) -> None:
        self._refuse(408, f"the headers did not arrive within {self.header_timeout_s:g} s")

    def _refuse(self, status: int, detail: str) -> None:
        if self.cycle is not None:  # to the application the client has disconnected
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = http_problem(status, detail)
            self.count_refusal(problem.type)
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
        self._close_gracefully()

    def _close_gracefully(self) -> None:
        """Close the sending side now, and the connection after `LINGER_S`: see `GracefulClose`."""
        if not self._is_closing:
            self._unset_keepalive_if_required()
            self.flow.resume_reading()
            self.transport.write_eof()
            self._linger_timer = self.loop.call_later(LINGER_S, self.transport.close)


def protocol_class(settings: Settings, metrics: Metrics) -> type[LimitedProtocol]:
    """The protocol with the limits of the settings; it counts refusals in `metrics`."""

    def count(reason: str) -> None:
        metrics.refused.labels(reason=reason).inc()

    class ConfiguredProtocol(LimitedProtocol):
        max_connections = settings.max_connections
        header_timeout_s = settings.header_timeout_s
        write_timeout_s = settings.write_timeout_s
        count_refusal = staticmethod(count)
        idle_connections = IdleConnections()

    return ConfiguredProtocol
