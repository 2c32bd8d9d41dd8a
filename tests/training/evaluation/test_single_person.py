from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.text.conftest import MAN
from training.evaluation.single_person import about, empty_photos, portraits_of
from training.flickr8k import Photo, photo_from_json
from training.text.names import is_held_out, name_pool

FOLDER = Path("photos")
TYPES = ("person", "location")


def photo(image: str, text: str, *phrases: tuple[str, str, str], boxes: str = "1") -> Photo:
    """A photo with one caption: phrases are (words, chain, type); `boxes` names their chains."""
    record: dict[str, Any] = {
        "image": image,
        "split30k": "test",
        "orig_size": [10, 10],
        "captions": [
            {
                "text": text,
                "phrases": [
                    {
                        "chain": chain,
                        "types": [kind],
                        "start": text.index(words),
                        "end": text.index(words) + len(words),
                    }
                    for words, chain, kind in phrases
                ],
            }
        ],
        "boxes": [{"chains": [chain], "box": list(MAN)} for chain in boxes],
        "scene_chains": [],
        "nobox_chains": [],
    }
    return photo_from_json(record)


ALONE = photo("a.jpg", "A woman runs .", ("A woman", "1", "people"))
TWO = photo(
    "b.jpg",
    "A man waves at a boy .",
    ("A man", "1", "people"),
    ("a boy", "2", "people"),
    boxes="12",
)
CROWD = photo("c.jpg", "A man waves at fans .", ("A man", "1", "people"), ("fans", "2", "people"))
GROUP = photo("d.jpg", "Two men run .", ("Two men", "1", "people"))
DOG = photo("e.jpg", "A dog runs .", ("A dog", "1", "animals"))


def test_photos_of_exactly_one_person() -> None:
    (found,) = portraits_of([ALONE, TWO, CROWD, GROUP, DOG], FOLDER, 9)
    assert (found.image, found.box, found.gender) == ("a.jpg", MAN, "female")
    assert found.picture == FOLDER / "images/a.jpg"


def test_photos_without_people() -> None:
    assert empty_photos([ALONE, DOG, CROWD], FOLDER, 9) == [FOLDER / "images/e.jpg"]


def test_the_selection_is_limited_and_deterministic() -> None:
    photos = [photo(f"{k}.jpg", "A man runs .", ("A man", "1", "people")) for k in range(6)]
    found = portraits_of(photos, FOLDER, 3)
    assert len(found) == 3 and found == portraits_of(photos[::-1], FOLDER, 3)


@pytest.mark.parametrize("frame", ["So proud of {name} today", "{lower}", "GO {upper}!"])
def test_the_name_stands_where_the_record_says(frame: str) -> None:
    names = name_pool(held_out=True)
    question = about(frame, Path("a.jpg"), (MAN,), "male", names, TYPES, "person", "u")
    (record,) = question.example.records
    assert record.span is not None and record.span.start is not None
    assert question.example.text[record.span.start : record.span.end] == record.span.text
    assert (
        question.example.text
        == frame[: record.span.start] + record.span.text + (frame[frame.index("}") + 1 :])
    )
    if "name" in frame:
        parts = [part for part in record.span.text.split() if not part.endswith(".")]
        assert all(map(is_held_out, parts))
    assert "upper" not in frame or record.span.text.isupper()
    again = about(frame, Path("a.jpg"), (MAN,), "male", names, TYPES, "person", "u")
    assert again == question
