from __future__ import annotations

import random
from dataclasses import replace

import torch

from tests.training.text.conftest import MAN
from training.flickr8k import Box, Photo, photo_from_json
from training.text.caption_passages import CaptionPassages, own_regions
from training.text.names import NamePool
from training.text.visual_features import VisualFeatureStore

NAMES = NamePool(("Tom", "Max"), ("Eva", "Ada"), ("Stone", "Lee"))
WOMAN = (0.5, 0.1, 0.8, 0.9)
BOTH = (0.1, 0.1, 0.8, 0.9)


def couple() -> Photo:
    text = "A man throws a ball to a woman ."
    return photo_from_json(
        {
            "image": "park.jpg",
            "split30k": "train",
            "orig_size": [500, 375],
            "captions": [
                {
                    "text": text,
                    "phrases": [
                        {"chain": "1", "types": ["people"], "start": 0, "end": 5},
                        {"chain": "2", "types": ["people"], "start": 23, "end": 30},
                    ],
                },
            ],
            "boxes": [
                {"chains": ["1"], "box": list(MAN)},
                {"chains": ["2"], "box": list(WOMAN)},
            ],
            "scene_chains": [],
            "nobox_chains": [],
        }
    )


def seen(store: VisualFeatureStore, *boxes: tuple[float, ...]) -> VisualFeatureStore:
    """The store with other regions on the photo."""
    changed = store.boxes.clone()
    scores = torch.zeros_like(store.scores)
    for k, box in enumerate(boxes):
        changed[0, k] = torch.tensor(box)
        scores[0, k] = 0.9 - 0.1 * k
    return replace(store, boxes=changed, scores=scores)


def test_regions_belong_to_the_box_that_they_overlap_most(store: VisualFeatureStore) -> None:
    low = (0.1, 0.2, 0.4, 0.9)
    many = seen(store, WOMAN, low, MAN, BOTH)
    assert own_regions(many, "park.jpg", [MAN, WOMAN]) == [(3, 2), (1,)]
    assert own_regions(seen(store, MAN), "park.jpg", [MAN, WOMAN]) == [(1,), ()]
    assert own_regions(seen(store), "park.jpg", [MAN]) == [()]
    assert own_regions(many, "park.jpg", []) == []


def test_two_names_have_regions_of_their_own(store: VisualFeatureStore) -> None:
    captions = CaptionPassages([couple()], seen(store, WOMAN, MAN), NAMES)
    assert captions.counts == (1, 1)
    for seed in range(40):
        image, passage = captions.several(random.Random(seed))
        named = [s for s in passage.segments if s.kind]
        assert image == "park.jpg" and [s.regions for s in named] == [(2,), (1,)]
        assert named[0].text != named[1].text
        assert passage.text == f"{named[0].text} throws a ball to {named[1].text} ."


def test_one_of_two_may_be_named(store: VisualFeatureStore) -> None:
    captions = CaptionPassages([couple()], seen(store, WOMAN, MAN), NAMES)
    found = set()
    for seed in range(40):
        _, passage = captions.one(random.Random(seed))
        (named,) = [s for s in passage.segments if s.kind]
        found.add((named.regions, "a woman" in passage.text))
    assert found == {((2,), True), ((1,), False)}


def test_people_who_share_their_regions_are_not_named_together(store: VisualFeatureStore) -> None:
    captions = CaptionPassages([couple()], seen(store, MAN), NAMES)
    assert captions.counts == (1, 0)
    one = replace(couple(), boxes=(Box(MAN, ("1", "2"), ("people",)),))
    assert CaptionPassages([one], seen(store, MAN, WOMAN), NAMES).counts == (1, 0)
    assert CaptionPassages([couple()], seen(store), NAMES).counts == (0, 0)
