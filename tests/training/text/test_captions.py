from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tasks import form, instruction
from tasks.records import Region
from tests.training.text.conftest import MAN
from training.flickr8k import Photo, photo_from_json
from training.text.captions import CaptionWriter, gender_of, put_names, single_people
from training.text.exercise import Exercise
from training.text.names import NamePool
from training.text.sights import SightStore

NAMES = NamePool(("Tom", "Max"), ("Eva",), ("Stone",), ("ACME",), ("New York",))
TYPES = ("person", "location", "organization", "miscellaneous")
REGION_TYPES = ("people", "clothing", "animals", "other")


@pytest.fixture
def writer(store: SightStore) -> CaptionWriter:
    return CaptionWriter(store, NAMES, TYPES, REGION_TYPES)


def check(exercise: Exercise) -> None:
    """Offsets are right, labels are listed, regions are offered."""
    assert exercise.form is form.GROUNDED and exercise.wording is instruction.ENTITIES
    assert exercise.asocs == (form.REGION_ROLE,) and exercise.sight is not None
    assert all(best in alike for best, alike in exercise.alike.items())
    assert {k for alike in exercise.alike.values() for k in alike} <= set(exercise.sight.regions)
    for record in exercise.records:
        assert record.span is not None
        assert len(record.asocs) <= 1
        assert exercise.text[record.span.start : record.span.end] == record.span.text
        assert record.span.text == record.span.text.strip() != ""
        for asoc in record.asocs:
            assert isinstance(asoc.filler, Region)
            assert asoc.filler.index in exercise.sight.regions


@pytest.mark.parametrize(
    ("phrase", "gender"),
    [
        ("A man", "male"),
        ("the young Boy", "male"),
        ("a woman in red", "female"),
        ("A little girl", "female"),
        ("a child", "any"),
        ("A snowboarder", "any"),
        ("two men", None),
        ("a man and a woman", None),
        ("a group of people", None),
        ("another man", None),
        ("A dog", None),
        ("mankind", None),
    ],
)
def test_a_phrase_about_one_person_tells_the_gender(phrase: str, gender: str | None) -> None:
    assert gender_of(phrase) == gender


def test_only_people_with_one_box_can_be_named(photo: Photo) -> None:
    (caption,) = photo.captions
    ((phrase, box),) = single_people(photo, caption)
    assert (phrase.text, box) == ("A man", MAN)
    twice = replace(photo, boxes=(*photo.boxes, photo.boxes[0]))
    assert single_people(twice, caption) == []


def test_names_take_the_place_of_phrases() -> None:
    text = "A man greets a woman and the girl"
    phrases = [
        {"chain": str(k), "types": ["people"], "start": start, "end": end}
        for k, (start, end) in enumerate(((0, 5), (13, 20), (25, 33)))
    ]
    (caption,) = photo_from_json(
        {
            "image": "x.jpg",
            "split30k": "train",
            "orig_size": [1, 1],
            "captions": [{"text": text, "phrases": phrases}],
            "boxes": [],
            "scene_chains": [],
            "nobox_chains": [],
        }
    ).captions
    for seed in range(30):
        named, spans = put_names(text, caption.phrases, NAMES, random.Random(seed))
        names = [named[start:end] for start, end in spans]
        assert named == "{} greets {} and {}".format(*names)
        assert names[0].split()[0] in ("Tom", "Max", "Stone")
        assert {name.split()[0] for name in names[1:]} <= {"Eva", "Stone"}
    assert put_names(text, [], NAMES, random.Random(0)) == (text, [])


def test_a_named_person_keeps_the_region(writer: CaptionWriter, photo: Photo) -> None:
    kinds, leads = Counter[str](), 0
    for seed in range(300):
        exercise = writer.named(photo, random.Random(seed))
        assert exercise is not None
        check(exercise)
        assert sorted(exercise.spots) == sorted(TYPES)
        found = {record.label: record for record in exercise.records}
        assert len(found) == len(exercise.records)
        assert found["person"].span is not None and "A man" not in exercise.text
        assert [a.filler for a in found["person"].asocs] == [Region(2)]
        for label, name in (("location", "New York"), ("organization", "ACME")):
            if label in found:
                assert found[label].span is not None and found[label].asocs == ()
                assert found[label].span.text == name
        kinds.update(str(label) for label in found)
        leads += exercise.text.startswith("RT @")
    assert 40 < kinds["location"] < 120 and 60 < kinds["organization"] < 160
    assert 10 < leads < 60


def test_without_a_region_nobody_is_named(
    writer: CaptionWriter, photo: Photo, store: SightStore
) -> None:
    moved = replace(photo, boxes=(replace(photo.boxes[0], corners=(0.6, 0.0, 0.9, 0.3)),))
    assert writer.named(moved, random.Random(0)) is None
    blind = CaptionWriter(replace(store, least=0.95), NAMES, TYPES, REGION_TYPES)
    assert blind.named(photo, random.Random(0)) is None


def test_phrases_have_the_regions_that_show_them(writer: CaptionWriter, photo: Photo) -> None:
    lists = Counter[int]()
    for seed in range(200):
        exercise = writer.phrases(photo, random.Random(seed))
        check(exercise)
        assert exercise.text == photo.captions[0].text
        assert set(exercise.spots) <= set(REGION_TYPES)
        lists[len(exercise.spots)] += 1
        told = {
            r.span.text: (r.label, [a.filler for a in r.asocs]) for r in exercise.records if r.span
        }
        assert told == {
            "A man": ("people", [Region(2)]),
            "a ball": ("other", []),  # its box has no region
            "his dog": ("animals", [Region(1)]),
        }
    assert lists[4] > 120 and lists.keys() == {2, 3, 4}


def test_the_best_region_is_said_and_those_that_overlap_are_as_right(
    crowded: SightStore, photo: Photo
) -> None:
    writer = CaptionWriter(crowded, NAMES, TYPES, REGION_TYPES)
    named = writer.named(photo, random.Random(0))
    assert named is not None
    phrases = writer.phrases(photo, random.Random(0))
    for exercise, alike in (
        (named, {3: frozenset({1, 3})}),
        (phrases, {3: frozenset({1, 3}), 2: frozenset({2})}),
    ):
        check(exercise)
        person = next(r for r in exercise.records if r.label in ("person", "people"))
        assert [asoc.filler for asoc in person.asocs] == [Region(3)]
        assert exercise.alike == alike


def test_of_a_phrase_with_two_boxes_either_is_right(writer: CaptionWriter, photo: Photo) -> None:
    both = replace(photo, boxes=(photo.boxes[0], replace(photo.boxes[1], chains=("1",))))
    exercise = writer.phrases(both, random.Random(0))
    check(exercise)
    people = next(r for r in exercise.records if r.label == "people")
    assert [asoc.filler for asoc in people.asocs] == [Region(2)]
    assert exercise.alike == {2: frozenset({1, 2})}


def test_a_crowd_is_not_grounded(writer: CaptionWriter, photo: Photo) -> None:
    crowd = replace(photo, boxes=(photo.boxes[0],) * 4)
    told = {r.span.text: r.asocs for r in writer.phrases(crowd, random.Random(0)).records if r.span}
    assert told["A man"] == ()


def test_common_nouns_are_no_named_entities(writer: CaptionWriter, photo: Photo) -> None:
    exercise = writer.nameless(photo, random.Random(0))
    check(exercise)
    assert exercise.records == () and exercise.text == photo.captions[0].text
    assert sorted(exercise.spots) == sorted(TYPES)
