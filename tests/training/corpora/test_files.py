from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from training.corpora.files import json_of, text_of


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"dev\.txt is missing"):
        text_of(tmp_path / "dev.txt")


def test_bytes_that_are_not_utf8_are_located(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"ab\xff")
    with pytest.raises(DataError, match=r"a\.txt: not UTF-8 from byte 2"):
        text_of(tmp_path / "a.txt")


def test_broken_json_is_located(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,\n oops}')
    with pytest.raises(DataError, match=r"a\.json:2: "):
        json_of(tmp_path / "a.json")
