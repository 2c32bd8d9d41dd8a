"""The service as a process of its own, so that signals and its memory can be tested."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_START_S = 180.0


@dataclass(frozen=True)
class Served:
    """Where it listens, and its process."""

    address: tuple[str, int]
    pid: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.address[0]}:{self.address[1]}"

    def peak_mib(self) -> float:
        """The most memory it had at once (VmHWM)."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise ValueError("the system tells no VmHWM")


@contextmanager
def process(bundle: Path, **options: Any) -> Iterator[Served]:
    """Serve a bundle until the context ends; `options` are settings."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("UMIE_")}
    settings = {"bundle": bundle, "port": port, "log_level": "warning", **options}
    env |= {f"UMIE_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", "from cli.main import app; app(['serve'])"]
    server = subprocess.Popen(command, env=env)
    try:
        served = Served(("127.0.0.1", port), server.pid)
        _wait_ready(served, server)
        yield served
    finally:
        server.terminate()
        server.wait(60)


def _wait_ready(served: Served, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while True:
        assert server.poll() is None and time.monotonic() < until, "the service does not start"
        try:
            if httpx.get(f"{served.url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
