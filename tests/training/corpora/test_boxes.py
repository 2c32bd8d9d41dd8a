from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tests.support.corpora import write, xml
from training.corpora.boxes import boxes_by_name


def test_a_picture_without_a_file_shows_nothing(tmp_path: Path) -> None:
    assert boxes_by_name(tmp_path / "1.xml") == {}


def test_corners_are_divided_by_the_stated_size_and_kept_inside(tmp_path: Path) -> None:
    path = write(tmp_path / "1.xml", xml([("Ada Byron", (-2, 10, 50, 41))], (100, 40)))
    assert boxes_by_name(path) == {"AdaByron": ((0.0, 0.25, 0.5, 1.0),)}


@pytest.mark.parametrize(
    "text, message",
    [
        ("<annotation>", "no element|unclosed|mismatched"),
        ("<annotation/>", "no size/width"),
        (xml([("Ada", (1, 1, 2, 2))], (0, 40)), "a picture of 0 x 40"),
        (xml([("Ada", (5, 1, 5, 2))], (10, 10)), "no box between"),
        (xml([], (10, 10)).replace("10", "wide"), "could not convert"),
    ],
)
def test_a_broken_layout_is_located(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "1.xml", text)
    with pytest.raises(DataError, match=rf"1\.xml: .*({message})"):
        boxes_by_name(path)
