"""The workers of a session share what is slow to make, and the order of the files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.workers import LONGEST, TESTS, WORKER, made_once, sort_longest_first


class Factory:
    """What `tmp_path_factory` is in one worker."""

    def __init__(self, base: Path) -> None:
        self._base = base
        base.mkdir()

    def getbasetemp(self) -> Path:
        return self._base

    def mktemp(self, name: str) -> Path:
        folder = self._base / f"{name}0"
        folder.mkdir()
        return folder


def test_a_folder_is_made_by_one_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WORKER, "gw0")
    factories: list[Any] = [Factory(tmp_path / f"popen-gw{number}") for number in range(4)]
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "bundle").write_text("weights", encoding="utf-8")

    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda factory: made_once("tiny", factory, make), factories))
    assert found == {tmp_path / "tiny"} and len(made) == 1
    assert (tmp_path / "tiny" / "bundle").read_text(encoding="utf-8") == "weights"


def test_in_one_process_it_stays_in_the_folder_of_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(WORKER, raising=False)
    factory: Any = Factory(tmp_path / "session")
    assert made_once("tiny", factory, lambda _: None) == tmp_path / "session" / "tiny"


def test_a_folder_that_could_not_be_made_is_made_by_the_next_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setenv(WORKER, "gw0")
    first, second = (Factory(tmp_path / f"popen-gw{number}") for number in range(2))
    failing: Any = first
    with pytest.raises(OSError, match="no space"):
        made_once("tiny", failing, broken)
    working: Any = second
    assert made_once("tiny", working, lambda _: None).is_dir()


def test_what_takes_long_exists() -> None:
    assert [name for name in LONGEST if not (TESTS / name).exists()] == []


def test_long_files_start_first_and_files_stay_together() -> None:
    names = [
        *("tasks/test_b.py", "tasks/test_a.py"),
        *("page/test_shipped.py", "page/test_c.py", LONGEST[0]),
    ]
    counts = {"tasks/test_b.py": 3, "tasks/test_a.py": 2}
    items: list[Any] = [
        SimpleNamespace(path=TESTS / name, number=number)
        for number in range(3)
        for name in names
        if number < counts.get(name, 2)
    ]
    sort_longest_first(items)
    assert [(item.path.relative_to(TESTS).as_posix(), item.number) for item in items] == [
        (name, number) for name in reversed(names[2:]) for number in range(2)
    ] + [("tasks/test_b.py", number) for number in range(3)] + [
        ("tasks/test_a.py", number) for number in range(2)
    ]
