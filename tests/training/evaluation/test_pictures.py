from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tasks.errors import DataError
from training.evaluation.pictures import Pictures


def draw(path: Path, size: tuple[int, int] = (8, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)
    return path


def test_pictures_are_found_by_their_ids(tmp_path: Path) -> None:
    numbered = draw(tmp_path / "17_06_1.jpg")
    dotted = draw(tmp_path / "more/VOA_2015.11.26.30_5.PNG")
    pictures = Pictures.under(tmp_path)
    assert pictures.of("17_06_1") == pictures.of("17_06_1.jpg") == numbered
    assert pictures.of("IMGID:17_06_1") == numbered
    assert pictures.of("VOA_2015.11.26.30_5") == dotted
    assert pictures.of("17_06_2") is None and pictures.of(None) is None
    assert pictures


def test_what_cannot_be_read_is_missing(tmp_path: Path) -> None:
    whole = draw(tmp_path / "1.jpg", (64, 64))
    (tmp_path / "2.jpg").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "3.jpg").write_bytes(b"Dear Sir or Madam")
    pictures = Pictures.under(tmp_path)
    assert pictures.of("1") == whole
    assert pictures.of("2") is pictures.of("3") is None
    # a picture that several texts share is missing once, a text without one misses nothing
    assert pictures.missing(["1", "2", "2.jpg", "3", None, "4", "4"]) == 4


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        Pictures.under(tmp_path)
    assert not Pictures.none() and Pictures.none().of("1") is None
