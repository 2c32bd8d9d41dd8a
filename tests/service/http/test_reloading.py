from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from service.http.auth import Keys
from service.http.reloading import Reloads
from tasks.errors import Unauthorised

OLD, NEW = "old-key-of-sixteen", "new-key-of-sixteen"


def _headers(key: str) -> Headers:
    return Headers({"x-api-key": key})


def test_keys_are_read_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, reloads = tmp_path / "keys", Reloads()
    file.write_text(OLD)
    keys = Keys.read(file)
    reloads.add("keys", keys.reload)
    file.write_text(NEW)
    assert keys.find(_headers(OLD)).line == 1
    with caplog.at_level(logging.INFO):
        reloads.run()
    assert keys.find(_headers(NEW)).line == 1 and "read anew" in caplog.text
    with pytest.raises(Unauthorised):
        keys.find(_headers(OLD))


def test_what_cannot_be_read_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, reloads = tmp_path / "keys", Reloads()
    file.write_text(OLD)
    keys = Keys.read(file)
    reloads.add("keys", keys.reload)
    for content in ("short", ""):
        file.write_text(content)
        reloads.run()
    file.unlink()
    reloads.run()
    assert keys.find(_headers(OLD)).line == 1 and caplog.text.count("stay as they were") == 3


def test_where_nothing_can_be_read_anew_nothing_happens() -> None:
    Reloads().run()
