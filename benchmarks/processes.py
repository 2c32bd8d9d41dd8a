"""Processes of contenders: start, commands, memory, end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_SAMPLE_S = 0.25
_PREFIX = "UMIE_"


class ContenderFailed(Exception):
    """A contender did not start, or ended early; the message has the end of its output."""


class Process:
    """A process in a group of its own, with a file for what it says.

    Args:
        name: what to call it.
        command: and its arguments.
        env: variables that it gets besides these here; settings of the service are left out.
        log: file for what it says.
        answers: whether it prints values for the caller, who reads them with `read_value`.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        *,
        answers: bool = False,
    ) -> None:
        self.name, self._log = name, log
        around = {key: value for key, value in os.environ.items() if not key.startswith(_PREFIX)}
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**around, **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if answers else file,
                stderr=file,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise `ContenderFailed` if it has ended."""
        if self._process.poll() is not None:
            said = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise ContenderFailed(f"{self.name} ended with {self._process.returncode}:\n{said}")

    def tell(self, command: dict[str, Any]) -> Any:
        """Send a command; returns the value that it prints."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        self._process.stdin.flush()
        return self.read_value()

    def read_value(self) -> Any:
        """Return the next value that it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(10)
            self.check()
        return json.loads(line)

    def resident_bytes(self) -> int:
        """Its current memory including child processes; 0 if it has ended."""
        import psutil  # an optional dependency, needed only here

        total = 0
        try:
            parent = psutil.Process(self._process.pid)
            for process in (parent, *parent.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0
        return total

    def pause(self) -> None:
        """Stop the process group (SIGSTOP) until it is resumed."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue the process group."""
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End the process group, with SIGKILL if it does not end by itself."""
        if self._process.poll() is None:
            self.resume()
        for sent in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, sent)
            try:
                self._process.wait(20)
                break
            except subprocess.TimeoutExpired:
                continue
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Peak:
    """The peak memory of a process, sampled in a context."""

    def __init__(self, process: Process) -> None:
        self.bytes = 0
        self._process = process
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop sampling."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, self._process.resident_bytes())
            if self._over.wait(_SAMPLE_S):
                return
