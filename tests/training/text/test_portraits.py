from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import form
from tasks.records import Region
from tests.training.text.test_captions import check
from training.text.names import NamePool, is_held_out
from training.text.portraits import Portrait, portrait_example, read_portraits
from training.text.visual_features import VisualFeatureStore

LABELS = ["person", "location", "organization", "miscellaneous"]
NAMES = NamePool(("Tom",), ("Eva",), ("Stone",), ("ACME",), ("New York",))
ANN = Portrait("park.jpg", "female", "Ann Lee")


def test_portraits_are_read_where_their_picture_lies(tmp_path: Path) -> None:
    rows = ("bioguide,full_name,gender", 'A1,"Lee, Ann",F', "B2,Bob Stone,M", "C3,Kim,X")
    (tmp_path / "names.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "images").mkdir()
    for name in ("A1", "C3"):
        (tmp_path / "images" / f"{name}.jpg").touch()
    assert read_portraits(tmp_path) == [
        Portrait("A1.jpg", "female", "Lee, Ann"),
        Portrait("C3.jpg", "any", "Kim"),
    ]


def test_the_person_is_the_best_region_of_a_person(store: VisualFeatureStore) -> None:
    texts, own = set(), 0
    for seed in range(200):
        example = portrait_example(ANN, store, NAMES, LABELS, random.Random(seed))
        assert example is not None
        check(example)
        assert example.form is form.GROUNDED and sorted(example.spots) == sorted(LABELS)
        assert "{" not in example.text and "}" not in example.text
        for record in example.records:
            assert record.span is not None
            if record.label == "person":
                assert [a.filler for a in record.asocs] == [Region(2)]
                own += record.span.text == "Ann Lee"
            else:
                assert record.asocs == ()
                expected = {"location": "New York", "organization": "ACME"}[str(record.label)]
                assert record.span.text == expected
        texts.add(example.text)
    assert len(texts) > 20 and 60 < own < 140


@pytest.mark.parametrize("portrait", [replace(ANN, image="wall.jpg")])
def test_portraits_without_a_detected_person_are_left_out(
    store: VisualFeatureStore, portrait: Portrait
) -> None:
    assert portrait_example(portrait, store, NAMES, LABELS, random.Random(0)) is None


def test_a_person_who_is_hardly_seen_is_left_out(store: VisualFeatureStore) -> None:
    doubtful = replace(store, scores=store.scores * 0.3)
    assert portrait_example(ANN, doubtful, NAMES, LABELS, random.Random(0)) is None


def test_held_out_names_are_never_used(store: VisualFeatureStore) -> None:
    held_out = next(name for name in (f"Ann Lee {k}" for k in range(99)) if is_held_out(name))
    portrait = replace(ANN, full_name=held_out)
    for seed in range(50):
        example = portrait_example(portrait, store, NAMES, LABELS, random.Random(seed))
        assert example is not None and held_out not in example.text


def test_what_overlaps_the_person_is_as_right(crowded: VisualFeatureStore) -> None:
    example = portrait_example(ANN, crowded, NAMES, LABELS, random.Random(0))
    assert example is not None
    assert crowded.like("park.jpg", 1) == [1, 3]
    assert example.alike == {1: frozenset({1, 3})}
