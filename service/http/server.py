"""The uvicorn servers: graceful drain, the metrics port, reloads while running."""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from service.http.middleware.gatekeeper import DrainState
from service.http.protocol import protocol_class
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import UMIEError

log = logging.getLogger(__name__)

BACKLOG = 128
"""Connections that the operating system queues before the service accepts them."""


class DrainingServer(uvicorn.Server):
    """On a signal, lets running requests end and answers new ones with 503 meanwhile.

    Requests that still run after `drain_s` are cancelled. A second signal stops at once. In either
    case `run` returns instead of raising the signal again, so that the caller can clean up.
    """

    def __init__(self, config: uvicorn.Config, drain_state: DrainState, drain_s: float) -> None:
        super().__init__(config)
        self._drain_state = drain_state
        self._drain_s = drain_s
        self._drain_until: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; at a second signal, stop."""
        if self._drain_state.draining:
            self.force_exit = sig == signal.SIGINT
            self.should_exit = True
            return
        self._drain_state.draining = True
        self._drain_until = time.monotonic() + self._drain_s

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop."""
        if self._drain_until is not None:
            busy = bool(self.server_state.tasks)
            self.should_exit |= not busy or time.monotonic() >= self._drain_until
        return await super().on_tick(counter)


class MetricsServer(uvicorn.Server):
    """The server of the metrics port; `DrainingServer` in the same process handles the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield


def server_config(app: ASGIApp, settings: Settings, metrics: Metrics, port: int) -> uvicorn.Config:
    """The configuration that both servers share."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        http=protocol_class(settings, metrics),
        ws="none",
        h11_max_incomplete_event_size=settings.max_header_bytes,
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        log_config=None,
        log_level=settings.log_level,
    )


class ReloadHooks:
    """What can be reloaded while the service runs, by name."""

    def __init__(self) -> None:
        self._hooks: dict[str, Callable[[], None]] = {}

    def add(self, name: str, reload: Callable[[], None]) -> None:
        """Call `reload` in every `run`; where it raises it must keep the previous state."""
        self._hooks[name] = reload

    def run(self) -> None:
        """Call every hook; an error of one is logged and does not stop the others."""
        if not self._hooks:
            log.info("nothing to reload")
        for name, reload in self._hooks.items():
            try:
                reload()
            except UMIEError as error:
                log.error("cannot reload the %s, the previous ones stay valid: %s", name, error)
            else:
                log.info("reloaded the %s", name)
