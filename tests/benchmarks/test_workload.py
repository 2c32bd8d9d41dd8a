from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.workload import Workload, workload
from service.vision.decoding import decode
from tasks.errors import DataError
from tests.support.corpora import conll, write


def shares(load: Workload) -> tuple[int, int]:
    pictures = sum("image" in body for body in load.bodies)
    return pictures, sum(body.get("tasks") == ["entities"] for body in load.bodies)


def test_examples_stand_in_for_corpora() -> None:
    load = workload(None, 24)
    assert "examples" in load.about
    assert shares(load) == (16, 12)
    assert len({body["text"] for body in load.bodies}) > 20
    image = next(body["image"] for body in load.bodies if "image" in body)
    assert decode(base64.b64decode(image), max_pixels=10**7).width > 0


def test_the_same_requests_every_time() -> None:
    assert workload(None, 9) == workload(None, 9)


def corpora(folder: Path) -> Path:
    tweets = conll(*([f"Ann{n} B-PER", "left O"] for n in range(9)), images=list("abcdefghi"))
    for name in ("twitter2015", "twitter2017"):
        write(folder / name / "test.txt", tweets)
    photos = [
        {"image": f"{n}.jpg", "captions": [{"text": f"A dog in {n} ."}], "boxes": []}
        for n in range(6)
    ]
    lines = "".join(json.dumps(photo) + "\n" for photo in photos)
    write(folder / "flickr8k" / "grounded.jsonl", lines)
    (folder / "flickr8k" / "images").mkdir()
    for n in range(6):
        Image.new("RGB", (8, 8)).save(folder / "flickr8k" / "images" / f"{n}.jpg")
    return folder


def test_tweets_and_captions_with_pictures(tmp_path: Path) -> None:
    load = workload(corpora(tmp_path), 9)
    assert "Twitter-2015" in load.about
    assert shares(load) == (6, 4)
    assert sum(body["text"].startswith("A dog") for body in load.bodies) == 3


def test_a_folder_without_the_corpora_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.txt is missing"):
        workload(tmp_path, 9)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (corpora(tmp_path) / "flickr8k" / "grounded.jsonl").unlink()
    with pytest.raises(DataError, match="does not hold Flickr8k's photos"):
        workload(tmp_path, 9)


def test_one_request_a_line(tmp_path: Path) -> None:
    load = workload(None, 6)
    load.write(tmp_path / "workload.ndjson")
    lines = (tmp_path / "workload.ndjson").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == list(load.bodies)


@pytest.mark.parametrize("pictures", [False, True])
def test_requests_for_entities_alone(pictures: bool) -> None:
    kept = workload(None, 24).entities_alone(pictures=pictures).bodies
    assert kept
    assert all(body["tasks"] == ["entities"] and ("image" in body) == pictures for body in kept)
