"""The server that listens: it drains before it stops."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from service.http.middleware.gatekeeper import DrainState
from service.http.protocol import connection_of
from service.observability.metrics import Metrics
from service.settings import Settings


class Listener(uvicorn.Server):
    """Lets admitted requests end when it is told to stop, and answers new ones 503 meanwhile.

    What is still running after `drain_s` is cancelled. A second signal stops at once. Either way
    the process ends well: it is not killed by the signal once more, so that others can clean up.
    """

    def __init__(self, config: uvicorn.Config, drain_state: DrainState, drain_s: float) -> None:
        super().__init__(config)
        self._opening = drain_state
        self._drain_s = drain_s
        self._until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain."""
        if self._opening.closed:
            self.force_exit = sig == signal.SIGINT
            self.should_exit = True
            return
        self._opening.closed = True
        self._until = time.monotonic() + self._drain_s

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop."""
        if self._until is not None:
            busy = bool(self.server_state.tasks)
            self.should_exit |= not busy or time.monotonic() >= self._until
        return await super().on_tick(counter)


class Aside(uvicorn.Server):
    """A second server in the same process; the first one minds the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


BACKLOG = 128
"""Connections the system accepts ahead of the service."""


def config_of(app: ASGIApp, settings: Settings, metrics: Metrics, port: int) -> uvicorn.Config:
    """How both of them listen."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        http=connection_of(settings, metrics),
        ws="none",
        h11_max_incomplete_event_size=settings.max_header_bytes,
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        log_config=None,
        log_level=settings.log_level,
    )
