from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tasks.document import Document, Mention
from tests.training.text.conftest import DOG, MAN
from training.flickr8k import Box, Photo
from training.text.surrogate import PeopleIndex, surrogates
from training.text.visual_features import VisualFeatureStore

NEAR_MAN = (0.1, 0.15, 0.45, 0.9)
ELSEWHERE = (0.6, 0.0, 0.9, 0.3)


def tweet(*boxes: tuple[float, float, float, float]) -> Document:
    return Document(
        text="Ann Lee joins ACME",
        corpus="fmnerg51",
        split="train",
        ontology="fmnerg51",
        entities=(Mention(14, 18, "company"), Mention(0, 7, "politician", boxes)),
    )


@pytest.fixture
def index(photo: Photo, store: VisualFeatureStore) -> PeopleIndex:
    return PeopleIndex([photo], store)


def test_a_photo_takes_the_place_of_a_tweets_picture(index: PeopleIndex) -> None:
    (surrogate,) = surrogates([tweet(NEAR_MAN, ELSEWHERE)], index)
    image, passage = surrogate.placed(random.Random(0))
    assert image == "park.jpg" and passage.text == "Ann Lee joins ACME"
    named = {s.text: (s.kind, s.regions) for s in passage.segments if s.kind}
    assert named == {"Ann Lee": ("politician", (2,)), "ACME": ("company", ())}


def test_tweets_that_no_photo_fits_are_left_out(index: PeopleIndex) -> None:
    assert surrogates([tweet(ELSEWHERE)], index) == []


def test_tweets_without_boxes_have_no_photo(index: PeopleIndex) -> None:
    (surrogate,) = surrogates([tweet()], index)
    assert surrogate.placements == () and surrogate.passage.kinds == ("politician", "company")
    nobody = replace(tweet(), entities=(Mention(14, 18, "company"),))
    assert surrogates([nobody], index) == []


def test_two_people_stand_where_their_boxes_are(photo: Photo, store: VisualFeatureStore) -> None:
    two = replace(photo, boxes=(Box(DOG, ("2",), ("people",)), Box(MAN, ("1",), ("people",))))
    document = Document(
        text="Ann meets Bob",
        corpus="fmnerg51",
        split="train",
        ontology="fmnerg51",
        entities=(Mention(0, 3, "athlete", (NEAR_MAN,)), Mention(10, 13, "athlete", (DOG,))),
    )
    (surrogate,) = surrogates([document], PeopleIndex([two], store))
    _, passage = surrogate.placed(random.Random(0))
    assert [s.regions for s in passage.segments if s.kind] == [(2,), (1,)]
    same = replace(
        document,
        entities=(Mention(0, 3, "athlete", (MAN,)), Mention(10, 13, "athlete", (MAN,))),
    )
    assert surrogates([same], PeopleIndex([two], store)) == []
