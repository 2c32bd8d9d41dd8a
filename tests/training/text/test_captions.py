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
from training.text.example import Example
from training.text.names import NamePool
from training.text.visual_features import VisualFeatureStore

NAMES = NamePool(("Tom", "Max"), ("Eva",), ("Stone",), ("ACME",), ("New York",))
TYPES = ("person", "location", "organization", "miscellaneous")
REGION_TYPES = ("people", "clothing", "animals", "other")


@pytest.fixture
def writer(store: VisualFeatureStore) -> CaptionWriter:
    return CaptionWriter(store, NAMES, TYPES, REGION_TYPES)


def check(example: Example) -> None:
    """Offsets are right, labels are listed, regions are offered."""
    assert example.form is form.GROUNDED and example.wording is instruction.ENTITIES
    assert example.asocs == (form.REGION_ROLE,) and example.picture is not None
    assert all(best in alike for best, alike in example.alike.items())
    assert {k for alike in example.alike.values() for k in alike} <= set(example.picture.regions)
    for record in example.records:
        assert record.span is not None
        assert len(record.asocs) <= 1
        assert example.text[record.span.start : record.span.end] == record.span.text
        assert record.span.text == record.span.text.strip() != ""
        for asoc in record.asocs:
            assert isinstance(asoc.filler, Region)
            assert asoc.filler.index in example.picture.regions


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
        example = writer.named(photo, random.Random(seed))
        assert example is not None
        check(example)
        assert sorted(example.spots) == sorted(TYPES)
        found = {record.label: record for record in example.records}
        assert len(found) == len(example.records)
        assert found["person"].span is not None and "A man" not in example.text
        assert [a.filler for a in found["person"].asocs] == [Region(2)]
        for label, name in (("location", "New York"), ("organization", "ACME")):
            if label in found:
                assert found[label].span is not None and found[label].asocs == ()
                assert found[label].span.text == name
        kinds.update(str(label) for label in found)
        leads += example.text.startswith("RT @")
    assert 40 < kinds["location"] < 120 and 60 < kinds["organization"] < 160
    assert 10 < leads < 60


def test_people_without_a_region_get_no_name(
    writer: CaptionWriter, photo: Photo, store: VisualFeatureStore
) -> None:
    moved = replace(photo, boxes=(replace(photo.boxes[0], corners=(0.6, 0.0, 0.9, 0.3)),))
    assert writer.named(moved, random.Random(0)) is None
    blind = CaptionWriter(replace(store, least=0.95), NAMES, TYPES, REGION_TYPES)
    assert blind.named(photo, random.Random(0)) is None


def test_phrases_have_the_regions_that_show_them(writer: CaptionWriter, photo: Photo) -> None:
    lists = Counter[int]()
    for seed in range(200):
        example = writer.phrases(photo, random.Random(seed))
        check(example)
        assert example.text == photo.captions[0].text
        assert set(example.spots) <= set(REGION_TYPES)
        lists[len(example.spots)] += 1
        told = {
            r.span.text: (r.label, [a.filler for a in r.asocs]) for r in example.records if r.span
        }
        assert told == {
            "A man": ("people", [Region(2)]),
            "a ball": ("other", []),  # its box has no region
            "his dog": ("animals", [Region(1)]),
        }
    assert lists[4] > 120 and lists.keys() == {2, 3, 4}


def test_overlapping_regions_are_as_correct_as_the_best_one(
    crowded: VisualFeatureStore, photo: Photo
) -> None:
    writer = CaptionWriter(crowded, NAMES, TYPES, REGION_TYPES)
    named = writer.named(photo, random.Random(0))
    assert named is not None
    phrases = writer.phrases(photo, random.Random(0))
    for example, alike in (
        (named, {3: frozenset({1, 3})}),
        (phrases, {3: frozenset({1, 3}), 2: frozenset({2})}),
    ):
        check(example)
        person = next(r for r in example.records if r.label in ("person", "people"))
        assert [asoc.filler for asoc in person.asocs] == [Region(3)]
        assert example.alike == alike


def test_of_a_phrase_with_two_boxes_either_is_right(writer: CaptionWriter, photo: Photo) -> None:
    both = replace(photo, boxes=(photo.boxes[0], replace(photo.boxes[1], chains=("1",))))
    example = writer.phrases(both, random.Random(0))
    check(example)
    people = next(r for r in example.records if r.label == "people")
    assert [asoc.filler for asoc in people.asocs] == [Region(2)]
    assert example.alike == {2: frozenset({1, 2})}


def test_a_crowd_is_not_grounded(writer: CaptionWriter, photo: Photo) -> None:
    crowd = replace(photo, boxes=(photo.boxes[0],) * 4)
    told = {r.span.text: r.asocs for r in writer.phrases(crowd, random.Random(0)).records if r.span}
    assert told["A man"] == ()


def test_common_nouns_are_no_named_entities(writer: CaptionWriter, photo: Photo) -> None:
    example = writer.nameless(photo, random.Random(0))
    check(example)
    assert example.records == () and example.text == photo.captions[0].text
    assert sorted(example.spots) == sorted(TYPES)
