from __future__ import annotations

from dataclasses import replace

import torch

from tests.training.text.conftest import DOG, MAN
from training.flickr8k import Box, Photo
from training.text.portraits import Portrait
from training.text.solo import (
    Solo,
    crowds,
    solo_photos,
    solo_pictures,
    solo_portraits,
    without_people,
)
from training.text.visual_features import VisualFeatureStore

PERSON = Solo("park.jpg", "male", (2,))


def sure(store: VisualFeatureStore, *, dog_is_person: bool = False) -> VisualFeatureStore:
    """The man is certain; the dog may be taken for a second person."""
    scores, labels = store.scores.clone(), store.labels.clone()
    scores[0, 1] = 0.8
    labels[0, 0] = 0 if dog_is_person else labels[0, 0]
    return replace(store, scores=scores, labels=labels)


def test_a_photo_of_one_person(store: VisualFeatureStore, photo: Photo) -> None:
    assert solo_photos([photo], store) == [PERSON]


def test_photos_of_several_people_are_left_out(store: VisualFeatureStore, photo: Photo) -> None:
    second = Box(DOG, ("4",), ("people",))
    assert solo_photos([replace(photo, boxes=(*photo.boxes, second))], store) == []
    assert solo_photos([replace(photo, unboxed_chains=("1",))], store) == []
    assert solo_photos([photo], sure(store, dog_is_person=True)) == []
    assert solo_photos([replace(photo, boxes=photo.boxes[1:])], store) == []


def test_a_picture_of_one_sure_person(store: VisualFeatureStore) -> None:
    assert solo_pictures(["park.jpg", "wall.jpg"], sure(store)) == [replace(PERSON, gender="any")]
    assert solo_pictures(["park.jpg"], store) == []
    assert solo_pictures(["park.jpg"], sure(store, dog_is_person=True)) == []


def test_a_portrait_needs_no_sure_person(store: VisualFeatureStore) -> None:
    portrait = Portrait("park.jpg", "female", "Ann Lee")
    assert solo_portraits([portrait], store) == [replace(PERSON, gender="female")]
    doubtful = replace(store, scores=torch.full_like(store.scores, 0.15))
    assert solo_portraits([portrait], doubtful) == []


def test_crowds_and_pictures_without_people(store: VisualFeatureStore, photo: Photo) -> None:
    man = Box(MAN, ("1",), ("people",))
    assert crowds([photo, replace(photo, image="many.jpg", boxes=(man,) * 4)]) == ["many.jpg"]
    assert without_people(["park.jpg", "wall.jpg"], store) == ["wall.jpg"]
    assert without_people(["wall.jpg"], store, boxed=["wall.jpg"]) == []
