from __future__ import annotations

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from service.http.auth import Keys
from tasks.errors import SettingsError, Unauthorised


def _read(folder: Path, text: str) -> Keys:
    path = folder / "keys"
    path.write_text(text, encoding="utf-8")
    return Keys.read(path)


def test_a_key_is_named_after_its_line(tmp_path: Path) -> None:
    keys = _read(tmp_path, "# head\n\nabcdefgh01234567\n  ABCDEFGH01234567\t# tail\n")
    assert keys.find(Headers({"X-API-Key": "abcdefgh01234567"})).line == 3
    assert keys.find(Headers({"Authorization": "Bearer ABCDEFGH01234567"})).line == 4
    with pytest.raises(Unauthorised):
        keys.find(Headers({"X-API-Key": "abcdefgh01234568"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no key"),
        ("# only a comment\n", "no key"),
        ("abcdefgh01234567\nshort\n", "line 2"),
        ("two words of many letters\n", "line 1"),
        ("é" * 20, "line 1"),
    ],
)
def test_faults_are_one_line_that_names_the_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        _read(tmp_path, text)
    line = str(caught.value)
    assert line.startswith("UMIE_API_KEYS_FILE=") and "\n" not in line
    assert "short" not in line and "words" not in line


def test_a_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Keys.read(tmp_path / "nothing")
