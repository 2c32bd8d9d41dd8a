from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest

from service.engine import resources
from service.engine.resources import ResourceMonitor, check_resources, lack_of
from service.settings import Settings
from tasks.errors import SettingsError


def test_a_usual_machine_lacks_nothing() -> None:
    check_resources(Settings())
    assert lack_of(1, 1024) is None


def test_a_lack_of_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    start, begun = threading.Thread.start, list[threading.Thread]()

    def limited(self: threading.Thread) -> None:
        if len(begun) == 3:
            raise RuntimeError("can't start new thread")
        begun.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(SettingsError, match=r"3 more threads .* 42 are needed: raise the limit"):
        check_resources(Settings(image_threads=2))
    assert not any(thread.is_alive() for thread in begun)


def test_a_lack_of_address_space_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(resources.mmap, "mmap", refuse)
    with pytest.raises(SettingsError, match=r"1274 MiB of address space .* UMIE_MAX_DECODED_PIXE"):
        check_resources(Settings())


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match=r"no temporary file .* TMPDIR"):
        check_resources(Settings())


def test_a_loss_is_told_once_and_so_is_its_end() -> None:
    told, over = list[str | None](), threading.Event()
    found = iter([None, "no threads", "no threads", MemoryError("all gone"), None, None])

    def check() -> str | None:
        state = next(found, "end")
        if state == "end":
            over.set()
            return None
        if isinstance(state, Exception):
            raise state
        return state

    monitor = ResourceMonitor(told.append, check, every_s=0.001)
    monitor.start()
    assert over.wait(30)
    monitor.stop()
    assert told == [
        "no threads",
        "the machine's resources cannot be checked: MemoryError('all gone')",
        None,
    ]
