"""The grounding examples of an epoch: who is named, and what the picture shows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document
from training.corpora import read_corpus
from training.flickr8k import read_photos
from training.leakage import drop_leaks
from training.text.blanks import PREFIX
from training.text.caption_passages import CaptionPassages
from training.text.example import Example
from training.text.labelling import asked
from training.text.mixture import REPORTED
from training.text.named_posts import NamedPost, read_named_posts
from training.text.names import NamePool
from training.text.passage import Passage
from training.text.person_wordings import worded
from training.text.portraits import read_portraits
from training.text.real_texts import RealTexts
from training.text.solo import (
    Solo,
    crowds,
    people_boxes,
    solo_photos,
    solo_pictures,
    solo_portraits,
    without_people,
)
from training.text.surface import restyled
from training.text.surrogate import PeopleIndex, Surrogate, surrogates
from training.text.visual_features import VisualFeatureStore

_TEXTS = ("twitter2015", "twitter2017", "broad_twitter", "conll2003", "fmnerg51")
_SHARES = {
    "worded": 0.17,
    "real": 0.15,
    "surrogate": 0.24,
    "one": 0.12,
    "several": 0.21,
    "post": 0.11,
}
_POST_ROUNDS = 4  # only few posts are reliable; the model must not memorise them
_ABSENT = 0.36
_OTHER_CAPTION, _OTHER_PEOPLE = 0.48, 0.75
_NO_PERSON_NAMED = 0.12
_RESTYLED_CAPTION, _RESTYLED_REAL = 0.6, 0.15
_BOXED_TWEETS = 0.66


@dataclass(frozen=True)
class Pictures:
    """Names of pictures by content; `people` are photos that show at least one person."""

    solos: Sequence[Solo]
    people: Sequence[str]
    crowds: Sequence[str]
    nobody: Sequence[str]
    blank: Sequence[str]


@dataclass(frozen=True)
class GroundingMixture:
    """Texts and pictures, from which an epoch is sampled."""

    store: VisualFeatureStore
    names: NamePool
    pictures: Pictures
    captions: CaptionPassages
    texts: RealTexts
    boxed: Sequence[Surrogate]
    unboxed: Sequence[Surrogate]
    posts: Sequence[NamedPost]
    size: int

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """`size` examples in random order; about a third have an unrelated picture."""
        parts = self._parts()
        shares = [_SHARES[name] for name in parts]
        if "post" in parts:
            shares[-1] = min(shares[-1], _POST_ROUNDS * len(self.posts) / self.size)
        for name in generator.choices(list(parts), shares, k=self.size):
            image, passage = parts[name](generator)
            yield asked(passage, self.store.picture(image), generator)

    def _parts(self) -> dict[str, Callable[[random.Random], tuple[str, Passage]]]:
        """The non-empty parts of the mixture."""
        parts = {
            "worded": (self._worded, self.pictures.solos),
            "real": (self._real, self.pictures.solos and self.texts.about_one),
            "surrogate": (self._surrogate, self.boxed and self.unboxed),
            "one": (self._one, self.captions.counts[0]),
            "several": (self._several, self.captions.counts[1]),
            "post": (self._post, self.posts),
        }
        return {name: draw for name, (draw, there) in parts.items() if there}

    def _worded(self, generator: random.Random) -> tuple[str, Passage]:
        solo = generator.choice(self.pictures.solos)
        name = self.names.person(solo.gender, generator)
        passage = restyled(worded(name, solo.regions, generator), generator)
        return self._shown(solo.image, passage, generator)

    def _real(self, generator: random.Random) -> tuple[str, Passage]:
        solo = generator.choice(self.pictures.solos)
        if self.texts.about_none and generator.random() < _NO_PERSON_NAMED:
            return solo.image, generator.choice(self.texts.about_none)
        passage = self.texts.about(solo.gender, solo.regions, self.names, generator)
        if generator.random() < _RESTYLED_REAL:
            passage = restyled(passage, generator)
        return self._shown(solo.image, passage, generator)

    def _shown(self, image: str, passage: Passage, generator: random.Random) -> tuple[str, Passage]:
        """The passage with its picture, or with one in which no person can be identified."""
        if generator.random() >= _ABSENT:
            return image, passage
        return self._without(generator, crowd=0.15), passage.unseen()

    def _surrogate(self, generator: random.Random) -> tuple[str, Passage]:
        if generator.random() >= _BOXED_TWEETS:
            passage = generator.choice(self.unboxed).passage
            return self._without(generator, crowd=0.25), passage
        image, passage = generator.choice(self.boxed).placed(generator)
        if generator.random() >= _ABSENT / 2:
            return image, passage
        return self._without(generator, crowd=0.0), passage.unseen()

    def _one(self, generator: random.Random) -> tuple[str, Passage]:
        return self._captioned(*self.captions.one(generator), generator)

    def _several(self, generator: random.Random) -> tuple[str, Passage]:
        return self._captioned(*self.captions.several(generator), generator)

    def _captioned(
        self, image: str, passage: Passage, generator: random.Random
    ) -> tuple[str, Passage]:
        """A caption with its photo, or with another one that does not show its content."""
        if generator.random() < _RESTYLED_CAPTION:
            passage = restyled(passage, generator)
        if generator.random() >= _OTHER_CAPTION:
            return image, passage
        others = [other for other in (generator.choice(self.pictures.people),) if other != image]
        if others and generator.random() < _OTHER_PEOPLE:
            return others[0], passage.unseen()
        return self._without(generator, crowd=0.1), passage.unseen()

    def _post(self, generator: random.Random) -> tuple[str, Passage]:
        post = generator.choice(self.posts)
        if not post.shown or generator.random() >= _ABSENT / 2:
            return post.image, post.passage
        return self._without(generator, crowd=0.1), post.passage.unseen()

    def _without(self, generator: random.Random, *, crowd: float) -> str:
        """A picture without people, without objects, or of a crowd."""
        pools = (self.pictures.nobody, self.pictures.blank, self.pictures.crowds)
        weights = [
            w if pool else 0.0 for w, pool in zip((0.85 - crowd, 0.15, crowd), pools, strict=True)
        ]
        return generator.choice(generator.choices(pools, weights)[0])


def build(
    data: Path,
    store: VisualFeatureStore,
    names: NamePool,
    report: Callable[[str], None],
    *,
    size: int,
    named_posts: Path | None = None,
    held_out: AbstractSet[int] = frozenset(),
) -> GroundingMixture:
    """Read all corpora under `data`, without leaks of reported test splits.

    Args:
        data: the folder of corpora.
        store: features of flickr8k, congress and, optionally, of posts and blank pictures; pictures
            without features are not used.
        names: the names for training.
        report: receives lines with counts.
        size: examples per epoch.
        named_posts: file with a text model's answers to the posts; see `training.text.named_posts`.
        held_out: the ids of posts that are reserved for evaluation.
    """
    documents = _documents(data)
    photos = [p for p in read_photos(data / "flickr8k", "train") if p.image in store.rows]
    portraits = [p for p in read_portraits(data / "congress") if p.image in store.rows]
    posts = _post_images(data / "posts", store, held_out)
    boxed = [p.image for p in photos if people_boxes(p)]
    solos = {
        "photos": solo_photos(photos, store),
        "portraits": solo_portraits(portraits, store),
        "posts": solo_pictures(posts, store),
    }
    images = [*(p.image for p in photos), *posts]
    pictures = Pictures(
        solos=[s for found in solos.values() for s in found],
        people=boxed,
        crowds=crowds(photos),
        nobody=without_people(images, store, boxed),
        blank=[name for name in store.rows if name.startswith(PREFIX)],
    )
    tweets = surrogates(documents["fmnerg51"], PeopleIndex(photos, store))
    mixture = GroundingMixture(
        store=store,
        names=names,
        pictures=pictures,
        captions=CaptionPassages(photos, store, names),
        texts=RealTexts.of([d for listed in documents.values() for d in listed]),
        boxed=[t for t in tweets if t.placements],
        unboxed=[t for t in tweets if not t.placements],
        posts=_named_posts(data / "posts", named_posts, store, held_out),
        size=size,
    )
    report(", ".join(f"{len(found)} {kind} of one person" for kind, found in solos.items()))
    report(_counts(mixture))
    return mixture


def _counts(mixture: GroundingMixture) -> str:
    pictures, texts = mixture.pictures, mixture.texts
    one, several = mixture.captions.counts
    return (
        f"pictures: {len(pictures.crowds)} of crowds, {len(pictures.nobody)} without people, "
        f"{len(pictures.blank)} blank; captions with a person {one}, with several {several}; "
        f"texts about one person {len(texts.about_one)}, about none {len(texts.about_none)}; "
        f"tweets with surrogates {len(mixture.boxed)}, without boxes {len(mixture.unboxed)}; "
        f"posts {len(mixture.posts)}"
    )


def _documents(data: Path) -> dict[str, list[Document]]:
    reported = [d for name in REPORTED for d in read_corpus(name, data, "test")]
    return {name: drop_leaks(read_corpus(name, data, "train"), reported) for name in _TEXTS}


def _named_posts(
    folder: Path, answers: Path | None, store: VisualFeatureStore, held_out: AbstractSet[int]
) -> list[NamedPost]:
    if answers is None:
        return []
    return read_named_posts(folder / "posts.ndjson", answers, store, held_out)


def _post_images(folder: Path, store: VisualFeatureStore, held_out: AbstractSet[int]) -> list[str]:
    """The names of posts' pictures that are in the store and not reserved for evaluation."""
    names = sorted(path.name for path in (folder / "images").glob("*.jpg"))
    return [n for n in names if n in store.rows and int(Path(n).stem) not in held_out]
