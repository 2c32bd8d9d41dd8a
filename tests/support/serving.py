"""The service as it is run: a server of its own thread, reached over HTTP."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.http.server import DrainingServer, server_config
from service.server import build
from service.settings import Settings


@contextmanager
def serving(bundle: Path, **options: Any) -> Iterator[str]:
    """Serve a bundle; gives the server's "host:port", of a free port, once it is ready.

    `options` are settings.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("UMIE_")]:
            patch.delenv(name)
        settings = Settings(bundle=bundle, port=0, log_level="warning", **options)
        service = build(settings)
    server = DrainingServer(
        server_config(service.app, settings, service.metrics, settings.port),
        service.drain_state,
        0,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, thread)
        address = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        wait_for(lambda: httpx.get(f"http://{address}/readyz").status_code == 200, thread)
        yield address
    finally:
        server.should_exit = True
        thread.join(60)


def wait_for(condition: Callable[[], bool], thread: threading.Thread) -> None:
    """Until `condition` holds; it is an error if `thread` ends before, or a minute is over."""
    deadline = time.monotonic() + 60
    while not condition():
        assert thread.is_alive() and time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)
