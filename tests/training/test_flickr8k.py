from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.flickr8k import Photo, image_path, photo_from_json, read_photos

RECORD = {
    "image": "1_a.jpg",
    "split30k": "train",
    "orig_size": [500, 375],
    "captions": [
        {
            "text": "A girl in a red dress smiles .",
            "phrases": [
                {"chain": "7", "types": ["people"], "start": 0, "end": 6},
                {"chain": "8", "types": ["clothing"], "start": 10, "end": 21},
            ],
        },
        {
            "text": "The child at the camera",
            "phrases": [
                {"chain": "7", "types": ["people", "other"], "start": 0, "end": 9},
                {"chain": "0", "types": ["notvisual"], "start": 13, "end": 23},
            ],
        },
    ],
    "boxes": [
        {"chains": ["7"], "box": [0.1, 0.2, 0.5, 0.9]},
        {"chains": ["8", "7"], "box": [0.2, 0.4, 0.4, 0.8]},
    ],
    "scene_chains": ["3"],
    "nobox_chains": ["4"],
}


@pytest.fixture
def photo() -> Photo:
    return photo_from_json(RECORD)


def test_phrases_keep_offsets_and_chains(photo: Photo) -> None:
    for caption in photo.captions:
        for phrase in caption.phrases:
            assert caption.text[phrase.start : phrase.end] == phrase.text
    assert [p.text for p in photo.captions[0].phrases] == ["A girl", "a red dress"]
    assert photo.captions[1].phrases[0].chain == "7"


def test_boxes_take_the_types_of_all_their_phrases(photo: Photo) -> None:
    assert photo.boxes[0].types == ("people", "other")
    assert photo.boxes[1].types == ("clothing", "people", "other")
    assert photo.boxes[0].corners == (0.1, 0.2, 0.5, 0.9)


def test_phrases_and_boxes_find_each_other(photo: Photo) -> None:
    assert [p.text for p in photo.phrases_of(photo.boxes[0])] == ["A girl", "The child"]
    assert photo.boxes_of(photo.captions[0].phrases[0]) == list(photo.boxes)
    assert photo.boxes_of(photo.captions[1].phrases[1]) == []


def test_scene_and_unboxed_chains_are_kept(photo: Photo) -> None:
    assert photo.scene_chains == ("3",)
    assert photo.unboxed_chains == ("4",)
    assert photo.size == (500, 375)


def test_reading_one_split_of_a_folder(tmp_path: Path) -> None:
    records = [{**RECORD, "image": f"{s}.jpg", "split30k": s} for s in ("train", "val", "test")]
    lines = "\n".join(json.dumps(record) for record in records)
    (tmp_path / "grounded.jsonl").write_text(lines + "\n", encoding="utf-8")
    assert [p.image for p in read_photos(tmp_path)] == ["train.jpg", "val.jpg", "test.jpg"]
    (photo,) = read_photos(tmp_path, "val")
    assert image_path(tmp_path, photo) == tmp_path / "images" / "val.jpg"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"grounded\.jsonl"):
        read_photos(tmp_path)
