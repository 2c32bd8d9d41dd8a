from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from service.engine import resources
from service.engine.resources import ResourceMonitor, check_resources, missing_resource
from service.settings import Settings
from tasks.errors import SettingsError


def test_a_usual_machine_has_all_resources() -> None:
    check_resources(Settings())
    assert missing_resource(1, 1024) is None


def test_missing_threads_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, list[threading.Thread]()

    def limited(self: threading.Thread) -> None:
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(SettingsError, match=r"3 of the 42 threads needed .* raise the limit"):
        check_resources(Settings(image_threads=2))
    assert not any(thread.is_alive() for thread in started)


def test_missing_address_space_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(resources.mmap, "mmap", refuse)
    with pytest.raises(SettingsError, match=r"1465 MiB of address space .* UMIE_MAX_DECODED_PIXE"):
        check_resources(Settings())


def test_a_folder_that_is_not_writable_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match=r"no temporary file .* TMPDIR"):
        check_resources(Settings())


def test_a_change_is_reported_once() -> None:
    reported, over = list[str | None](), threading.Event()
    found = iter([None, "no threads", "no threads", MemoryError("all gone"), None, None])

    def check() -> str | None:
        state = next(found, "end")
        if state == "end":
            over.set()
            return None
        if isinstance(state, Exception):
            raise state
        return state

    monitor = ResourceMonitor(reported.append, check, interval_s=0.001)
    monitor.start()
    assert over.wait(30)
    monitor.stop()
    assert reported == [
        "no threads",
        "the machine's resources cannot be checked: MemoryError('all gone')",
        None,
    ]
