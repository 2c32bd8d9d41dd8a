"""What the service needs of its machine: threads, address space, a folder for temporary files."""

from __future__ import annotations

import mmap
import tempfile
import threading
from collections.abc import Callable

from service.settings import BYTES_PER_PIXEL, MEBIBYTE, Settings
from tasks.errors import SettingsError

_THREADS = 40
"""Those of the event loop's default pool, and some for pictures and for the engine."""

_RESERVE = 64 * MEBIBYTE
"""The address space without which a running service is not ready."""

_CHECK_S = 2.0


def check_resources(settings: Settings) -> None:
    """Raise `SettingsError` where the machine lacks what the service will need under load."""
    at_once = settings.max_decoded_pixels * BYTES_PER_PIXEL + settings.max_inflight_bytes
    if lack := lack_of(_THREADS + settings.image_threads, at_once):
        raise SettingsError(lack)


def lack_of(threads: int, space: int) -> str | None:
    """What of so many threads and so many bytes of address space is lacking, and how to help."""
    return _lack_of_threads(threads) or _lack_of_space(space) or _lack_of_files()


def _lack_of_threads(count: int) -> str | None:
    release, started = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(count):
            thread = threading.Thread(target=release.wait, daemon=True)
            thread.start()
            started.append(thread)
    except (RuntimeError, MemoryError):
        return (
            f"{len(started)} more threads can be started and {count} are needed: raise the limit "
            "on processes (ulimit -u, pids.max of the container)"
        )
    finally:
        release.set()
        for thread in started:
            thread.join()
    return None


def _lack_of_space(size: int) -> str | None:
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError, ValueError):
        return (
            f"{size // MEBIBYTE} MiB of address space are needed and not to be had: raise the "
            "limit (ulimit -v) or lower UMIE_MAX_DECODED_PIXELS and UMIE_MAX_INFLIGHT_BYTES"
        )
    return None


def _lack_of_files() -> str | None:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        return (
            f"no temporary file can be written ({error.strerror or error}): mount a writable "
            "/tmp, or name another folder in TMPDIR"
        )
    return None


class ResourceMonitor:
    """A thread that looks every few seconds whether something has been lost; `lost` says what.

    `changed` hears of it: of the loss, and of None when it is over.
    """

    def __init__(
        self,
        changed: Callable[[str | None], None],
        check: Callable[[], str | None] = lambda: lack_of(1, _RESERVE),
        every_s: float = _CHECK_S,
    ) -> None:
        self._changed, self._check, self._every_s = changed, check, every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resources", daemon=True)
        self.lost: str | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                lost = self._check()
            except Exception as error:  # whatever runs out next, this thread goes on
                lost = f"the machine's resources cannot be checked: {error!r}"
            if lost != self.lost:
                self.lost = lost
                self._changed(lost)
