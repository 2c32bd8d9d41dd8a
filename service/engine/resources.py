"""Resources of the machine: checks for threads, address space and temporary files."""

from __future__ import annotations

import mmap
import tempfile
import threading
from collections.abc import Callable

from service.settings import BYTES_PER_PIXEL, MEBIBYTE, Settings
from tasks.errors import SettingsError

_THREADS = 40
"""Threads of the event loop's default pool and of the engine."""

_RESERVE = 64 * MEBIBYTE
"""The free address space, in bytes, that a running service needs to be ready."""

_CHECK_S = 2.0


def check_resources(settings: Settings) -> None:
    """Check the resources that the service needs under load.

    Raises:
        SettingsError: the machine lacks one; the message says how to provide it.
    """
    memory = settings.max_decoded_pixels * BYTES_PER_PIXEL + settings.max_inflight_bytes
    if missing := missing_resource(_THREADS + settings.image_threads, memory):
        raise SettingsError(missing)


def missing_resource(threads: int, space: int) -> str | None:
    """Return which resource is missing and how to provide it; None where none is.

    Args:
        threads: the number of threads to try to start.
        space: the address space to try to reserve, in bytes.
    """
    return _missing_threads(threads) or _missing_space(space) or _missing_files()


def _missing_threads(count: int) -> str | None:
    release, started = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(count):
            thread = threading.Thread(target=release.wait, daemon=True)
            thread.start()
            started.append(thread)
    except (RuntimeError, MemoryError):
        return (
            f"only {len(started)} of the {count} threads needed can be started: raise the limit "
            "on processes (ulimit -u, pids.max of the container)"
        )
    finally:
        release.set()
        for thread in started:
            thread.join()
    return None


def _missing_space(size: int) -> str | None:
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError, ValueError):
        return (
            f"{size // MEBIBYTE} MiB of address space are needed and not available: raise the "
            "limit (ulimit -v) or lower UMIE_MAX_DECODED_PIXELS and UMIE_MAX_INFLIGHT_BYTES"
        )
    return None


def _missing_files() -> str | None:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        return (
            f"no temporary file can be written ({error.strerror or error}): mount a writable "
            "/tmp, or set TMPDIR to another folder"
        )
    return None


class ResourceMonitor:
    """A thread that checks the machine's resources regularly.

    Args:
        changed: called with the new value of `lost` when it changes.
        check: returns which resource is missing, or None.
        interval_s: seconds between two checks.

    Attributes:
        lost: which resource is missing, as a message; None where none is.
    """

    def __init__(
        self,
        changed: Callable[[str | None], None],
        check: Callable[[], str | None] = lambda: missing_resource(1, _RESERVE),
        interval_s: float = _CHECK_S,
    ) -> None:
        self._changed, self._check, self._interval_s = changed, check, interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resources", daemon=True)
        self.lost: str | None = None

    def start(self) -> None:
        """Start checking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop checking."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_s):
            try:
                lost = self._check()
            except Exception as error:  # this thread must survive whatever else runs out
                lost = f"the machine's resources cannot be checked: {error!r}"
            if lost != self.lost:
                self.lost = lost
                self._changed(lost)
