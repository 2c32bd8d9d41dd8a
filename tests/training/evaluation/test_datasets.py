from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.training import write_data
from training.corpora import CORPORA
from training.evaluation.datasets import (
    dataset_rows,
    known_types,
    licence_of,
    photo_split,
)
from training.text.mixture import REPORTED, TEXT_CORPORA


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path)


def test_leaks_are_counted_and_those_that_were_left(data: Path) -> None:
    rows = {r["corpus"]: r for r in dataset_rows(data, ["twitter2015", "casie"], "test")}
    # GMNER's training post 12 is Twitter-2015's test post
    assert (rows["gmner"]["trained"], rows["gmner"]["leaks"], rows["gmner"]["asked"]) == (1, 1, 0)
    assert rows["twitter2015"]["asked"] == 1
    # both of its sentences that follow the first one are "It paid."
    assert rows["casie"]["left"] == (0 if "casie" in REPORTED else 1)
    assert set(TEXT_CORPORA) <= rows.keys()
    assert rows["flickr8k"]["trained"] == 2 and rows["flickr8k"]["asked"] == 0
    assert rows["congress"]["trained"] == 1


def test_evaluation_only_corpora_have_no_training_documents(data: Path) -> None:
    rows = {r["corpus"]: r for r in dataset_rows(data, ["crossner_music", "flickr8k"], "test")}
    music = rows["crossner_music"]
    assert (music["trained"], music["asked"], music["licence"]) == (0, 1, "MIT")
    assert rows["flickr8k"]["asked"] == 1


def test_licences_are_stated() -> None:
    assert {licence_of(name) for name in CORPORA} >= {"MIT", "CC BY 4.0", "none stated"}
    assert licence_of("crossner_science") == "MIT"


def test_photos_call_the_dev_split_val() -> None:
    assert [photo_split(s) for s in ("train", "dev", "test")] == ["train", "val", "test"]


def test_types_of_training() -> None:
    assert {"person", "band", "miscellaneous"} <= known_types()
    assert "musical instrument" not in known_types()
