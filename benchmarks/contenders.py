"""The contenders: how each is started, sent requests, and stopped."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from benchmarks.processes import ROOT, ContenderFailed, Peak, Process
from benchmarks.runs import Run

TITLES = {
    "a": "FastAPI, one at a time",
    "b": "LitServe, batches",
    "c": "engine, in process",
    "d": "umie serve",
}

_START_S = 600.0
_PATIENCE_S = 900.0
_POLL_S = 0.02
_FAR_S = "600"


@dataclass(frozen=True, slots=True)
class Conditions:
    """The configuration common to all contenders."""

    checkpoint: Path
    bundle: Path
    workload: Path
    logs: Path
    device: str
    threads: int

    @property
    def env(self) -> dict[str, str]:
        """Environment of all processes: no visual cache, since the other contenders have none."""
        return {
            "OMP_NUM_THREADS": str(self.threads),
            "ORT_DISABLE_TELEMETRY": "1",
            "UMIE_INTRA_OP_THREADS": str(self.threads),
            "UMIE_DEVICE": self.device,
            "UMIE_VISUAL_CACHE_ITEMS": "0",
            "UMIE_DEADLINE_S": _FAR_S,
            "UMIE_LOG_LEVEL": "warning",
        }


class Contender(Protocol):
    """The interface of a contender."""

    def start(self) -> float:
        """Start it; returns the seconds until it is ready. Raises `ContenderFailed`."""

    def run(self, clients: int, seconds: float) -> Run:
        """A closed-loop run."""

    def answers(self, clients: int) -> list[Any]:
        """Its answers to the workload, in order."""

    def pause(self) -> None:
        """Stop the process (SIGSTOP), so that it uses no CPU."""

    def resume(self) -> None:
        """Continue the process."""

    def stop(self) -> None:
        """Stop it."""


def contenders(common: Conditions, only: Sequence[str] = tuple(TITLES)) -> dict[str, Contender]:
    """The contenders in `only`, by letter."""
    made = {"a": _torch, "b": _torch, "c": _inside, "d": _service}
    return {letter: made[letter](letter, common) for letter in TITLES if letter in only}


def service(common: Conditions, workload: Path | None = None) -> Server:
    """Our service, by default with the common workload."""
    command = (str(Path(sys.executable).with_name("umie")), "serve")
    env = {**common.env, "UMIE_BUNDLE": str(common.bundle.resolve()), "UMIE_PORT": "{port}"}
    log = common.logs / "service.log"
    return Server(TITLES["d"], command, env, "/readyz", workload or common.workload, log)


def inside(common: Conditions) -> Inside:
    """Our engine without HTTP."""
    command = (
        *(sys.executable, "-m", "benchmarks.inprocess"),
        *(str(common.bundle.resolve()), str(common.workload)),
    )
    return Inside(command, common.env, common.logs / "inside.log")


def _service(letter: str, common: Conditions) -> Contender:
    return service(common)


def _inside(letter: str, common: Conditions) -> Contender:
    return inside(common)


def _torch(letter: str, common: Conditions) -> Contender:
    module = {"a": "benchmarks.plain", "b": "benchmarks.lit"}[letter]
    command = (
        *(sys.executable, "-m", module, str(common.checkpoint.resolve()), "--port", "{port}"),
        *("--device", common.device, "--threads", str(common.threads)),
    )
    log = common.logs / f"{module}.log"
    return Server(TITLES[letter], command, common.env, "/health", common.workload, log)


class _Started:
    """A contender's process, once it is started."""

    _process: Process | None = None

    @property
    def process(self) -> Process:
        """The process; it must have been started."""
        assert self._process is not None
        return self._process

    def pause(self) -> None:
        """Stop the process (SIGSTOP), so that it uses no CPU."""
        self.process.pause()

    def resume(self) -> None:
        """Continue the process."""
        self.process.resume()

    def stop(self) -> None:
        """End the process, if it was started."""
        if self._process is not None:
            self._process.stop()


class Server(_Started):
    """A contender behind HTTP; the load generator is a separate process.

    Args:
        name: its title.
        command: with "{port}" for the port.
        env: environment variables, also with "{port}".
        probe: path that returns 200 once it is ready.
        workload: file of the requests.
        log: file for its output.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        probe: str,
        workload: Path,
        log: Path,
    ) -> None:
        self.name, self._command, self._env = name, command, env
        self._probe, self._workload, self._log = probe, workload, log
        self.address = ""

    def start(self) -> float:
        """Start it; returns the seconds until it is ready. Raises `ContenderFailed`."""
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        started = time.perf_counter()
        command = [part.replace("{port}", str(port)) for part in self._command]
        env = {name: value.replace("{port}", str(port)) for name, value in self._env.items()}
        self._process = Process(self.name, command, env, self._log)
        try:
            self._wait()
        except ContenderFailed:
            self.stop()
            raise
        return time.perf_counter() - started

    def resume(self) -> None:
        """Continue the process, and wait until it is ready. Raises `ContenderFailed`."""
        super().resume()
        self._wait()

    def run(self, clients: int, seconds: float) -> Run:
        """A closed-loop run with its peak memory."""
        with Peak(self.process) as peak:
            values = self._load("--clients", str(clients), "--seconds", str(seconds))
        return replace(Run.of_values(values), peak_bytes=peak.bytes)

    def answers(self, clients: int) -> list[Any]:
        """Its answers to the workload, in order."""
        found = self._load("--clients", str(clients), "--answers")
        assert isinstance(found, list)
        return found

    def ask(self, requests: int, clients: int) -> int:
        """Send so many requests; returns their number. ContenderFailed if any request fails."""
        good = self._load("--clients", str(clients), "--count", str(requests))
        if good < requests:
            raise ContenderFailed(f"{self.name}: {requests - good} requests had no good answer")
        return requests

    def _load(self, *arguments: str) -> Any:
        command = (sys.executable, "-m", "benchmarks.load", self.address, str(self._workload))
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, capture_output=True, timeout=_PATIENCE_S, check=False
        )
        if done.returncode:
            self.process.check()
            raise ContenderFailed(f"{self.name}: {done.stderr.decode()[-2000:]}")
        return json.loads(done.stdout)

    def _wait(self) -> None:
        until = time.perf_counter() + _START_S
        while not self._is_ready():
            self.process.check()
            if time.perf_counter() > until:
                raise ContenderFailed(f"{self.name} was not ready within {_START_S:g} s")
            time.sleep(_POLL_S)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.address, timeout=5)
        try:
            connection.request("GET", self._probe)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Inside(_Started):
    """The contender without HTTP, controlled over its standard input."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self._command, self._env, self._log = command, env, log

    def start(self) -> float:
        """Start it; returns the seconds until it is ready. Raises `ContenderFailed`."""
        started = time.perf_counter()
        self._process = Process(TITLES["c"], self._command, self._env, self._log, answers=True)
        self.process.read_value()
        return time.perf_counter() - started

    def run(self, clients: int, seconds: float) -> Run:
        """A closed-loop run with its peak memory."""
        with Peak(self.process) as peak:
            values = self.process.tell({"do": "run", "clients": clients, "seconds": seconds})
        return replace(Run.of_values(values), peak_bytes=peak.bytes)

    def answers(self, clients: int) -> list[Any]:
        """Its answers to the workload, in order."""
        found = self.process.tell({"do": "answers", "clients": clients})
        assert isinstance(found, list)
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
