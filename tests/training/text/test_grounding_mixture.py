from __future__ import annotations

import random
from dataclasses import replace

from tasks.document import Document, Mention
from tests.training.text.conftest import MAN
from tests.training.text.test_captions import check
from training.flickr8k import Photo
from training.text.caption_passages import CaptionPassages
from training.text.example import Example
from training.text.grounding_mixture import GroundingMixture, Pictures
from training.text.named_posts import NamedPost
from training.text.names import NamePool
from training.text.passage import Passage, Segment
from training.text.real_texts import RealTexts
from training.text.solo import Solo
from training.text.surrogate import PeopleIndex, surrogates
from training.text.visual_features import VisualFeatureStore

NAMES = NamePool(("Tom", "Max"), ("Eva",), ("Stone", "Lee"))


def tweet(*boxes: tuple[float, float, float, float]) -> Document:
    return Document(
        text="Ann Lee joins ACME",
        corpus="fmnerg51",
        split="train",
        ontology="fmnerg51",
        entities=(Mention(0, 7, "politician", boxes), Mention(14, 18, "company")),
    )


def mixture_of(photo: Photo, store: VisualFeatureStore) -> GroundingMixture:
    index = PeopleIndex([photo], store)
    post = Passage((Segment("Bo", "person", (2,)), Segment(" !")), fine=False)
    return GroundingMixture(
        store=store,
        names=NAMES,
        pictures=Pictures(
            [Solo("park.jpg", "male", (2,))], ["park.jpg"], [], ["wall.jpg"], ["wall.jpg"]
        ),
        captions=CaptionPassages([photo], store, NAMES),
        texts=RealTexts.of([tweet(), replace(tweet(), entities=(Mention(14, 18, "company"),))]),
        boxed=surrogates([tweet(MAN)], index),
        unboxed=surrogates([tweet()], index),
        posts=[NamedPost("park.jpg", post, True)],
        size=400,
    )


def drawn(photo: Photo, store: VisualFeatureStore) -> list[Example]:
    return list(mixture_of(photo, store).epoch(random.Random(0)))


def test_an_epoch_has_its_size_and_regions_of_persons_alone(
    photo: Photo, store: VisualFeatureStore
) -> None:
    found = drawn(photo, store)
    assert len(found) == 400
    for example in found:
        check(example)
        assert example.picture is not None
        pointed = [r for r in example.records if r.asocs]
        assert example.picture.matched is bool(pointed)
        assert all(r.span is not None and r.span.text != "ACME" for r in pointed)


def test_pictures_without_people_have_no_regions(photo: Photo, store: VisualFeatureStore) -> None:
    found = drawn(photo, store)
    elsewhere = [e for e in found if e.picture and e.picture.row == store.rows["wall.jpg"]]
    assert 60 < len(elsewhere) < 200
    assert not any(record.asocs for e in elsewhere for record in e.records)
    assert 0.5 < sum(bool(e.alike) for e in found) / len(found) < 0.8


def test_texts_of_every_kind_are_drawn(photo: Photo, store: VisualFeatureStore) -> None:
    texts = {example.text for example in drawn(photo, store)}
    assert "Bo !" in texts and "Ann Lee joins ACME" in texts
    assert any("throws a ball" in text.lower() for text in texts) and len(texts) > 80


def test_what_is_not_there_is_not_drawn(photo: Photo, store: VisualFeatureStore) -> None:
    bare = replace(mixture_of(photo, store), boxed=[], posts=[], texts=RealTexts((), ()))
    assert len(list(bare.epoch(random.Random(1)))) == 400


def test_the_same_seed_draws_the_same(photo: Photo, store: VisualFeatureStore) -> None:
    assert drawn(photo, store) == drawn(photo, store)
