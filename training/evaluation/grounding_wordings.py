"""Grounding must not depend on the wording: many kinds of sentences with the same photos.

Every photo shows one person; every sentence has a name that training never used. A name is correct
if its box overlaps the person's box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tasks.document import Box
from tasks.ontology import load
from training.evaluation import pointing
from training.evaluation.bootstrap import LEVEL, RESAMPLES, SEED
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row, percent
from training.evaluation.single_person import Portrait, about
from training.evaluation.spans import Scorer
from training.text.names import NamePool, name_pool

CORPUS, MOST = "wordings", 40
"""The default number of photos."""

_USUAL, _PERSON = "twitter4", "person"
_OTHER_PEOPLE = {"fmnerg51": "other person"}
"""The general label for people in inventories without "person"."""


def kind_rows(evaluator: Evaluator, portraits: Sequence[Portrait]) -> list[Row]:
    """The share of correct groundings: overall, of the worst kind, the spread, and of each kind."""
    kinds, names = sentence_kinds(), name_pool(held_out=True)
    types = [kind.name for kind in load(_USUAL).entities]
    asked = [
        _question(frames, place, portrait, names, types, _PERSON)
        for frames in kinds.values()
        for place, portrait in enumerate(portraits)
    ]
    predicted = evaluator.ask(asked, "kinds of sentences")
    answers = [
        pointing.shown_right(one, question)[_PERSON].correct
        for one, question in zip(predicted, asked, strict=True)
    ]
    right = np.array(answers, dtype=np.float64).reshape(len(kinds), len(portraits))
    rows = share_rows("grounded rightly", asked, predicted, pointing.shown_right)
    return [*rows, *spread_rows(right, list(kinds)), *_each(right, list(kinds), portraits)]


def type_rows(evaluator: Evaluator, portraits: Sequence[Portrait]) -> list[Row]:
    """The share grounded with fine and custom types, each compared with "person"."""
    names, rows = name_pool(held_out=True), list[Row]()
    for inventory in _tree()["inventories"]:
        types = [kind.name for kind in load(inventory).entities]
        person = _OTHER_PEOPLE.get(inventory, _PERSON)
        frames = [frame for frames in sentence_kinds().values() for frame in frames]
        asked = [
            _question([frames[place % len(frames)]], place, portrait, names, types, person)
            for place, portrait in enumerate(portraits)
        ]
        predicted = evaluator.ask(asked, f"types of {inventory}")
        rows += share_rows(
            f"types of {inventory}: grounded", asked, predicted, pointing.shown_right
        )
    for word, own in _tree()["own_types"].items():
        for person in (_PERSON, word):
            types = [person if kind == word else kind for kind in own["types"]]
            asked = [
                _question(own["texts"], place, portrait, names, types, person)
                for place, portrait in enumerate(portraits)
            ]
            predicted = evaluator.ask(asked, f"own types, {person}")
            title = f'own types, "{person}" in sentences about a {word}: grounded'
            rows += share_rows(title, asked, predicted, pointing.shown_right)
    return rows


def sentence_kinds() -> Mapping[str, Sequence[str]]:
    """The kinds of sentences with their templates, each with {name}, {lower} or {upper}."""
    kinds: dict[str, list[str]] = _tree()["kinds"]
    return kinds


def spread_rows(right: NDArray[np.float64], kinds: Sequence[str]) -> list[Row]:
    """The worst kind, and its difference to the best, with intervals over photos.

    Args:
        right: (kinds, photos), 1 if the kind's sentence was grounded correctly in the photo.
    """
    if not right.size:
        return []
    shares = right.mean(axis=1)
    generator = np.random.default_rng(SEED)
    photos = right.shape[1]
    draws = generator.multinomial(photos, np.full(photos, 1 / photos), size=RESAMPLES)
    drawn = right @ draws.T / photos  # (kinds, RESAMPLES)
    place = int(shares.argmin())
    count = int(right[place].sum())
    worst = _row(f"worst kind: {kinds[place]}", shares[place], drawn.min(axis=0), count, photos)
    apart = drawn.max(axis=0) - drawn.min(axis=0)
    return [worst, _row("spread between kinds", shares.max() - shares.min(), apart)]


def share_rows(
    title: str, asked: Sequence[Question], predicted: Sequence[Prediction], scorer: Scorer
) -> list[Row]:
    """One share of the predictions for some questions."""
    return Outcome(Metric(title, {title: scorer}, frozenset({title})), asked, predicted).rows()


def _question(
    frames: Sequence[str],
    place: int,
    portrait: Portrait,
    names: NamePool,
    types: Sequence[str],
    person: str,
) -> Question:
    boxes: tuple[Box, ...] = (portrait.box,)
    frame = frames[place % len(frames)]
    return about(
        frame, portrait.picture, boxes, portrait.gender, names, types, person, portrait.image
    )


def _each(
    right: NDArray[np.float64], kinds: Sequence[str], portraits: Sequence[Portrait]
) -> list[Row]:
    return [
        Row.of(
            f"kind: {kind}",
            [
                (portrait.image, {"": Counts.share(int(one), 1)})
                for portrait, one in zip(portraits, row, strict=True)
            ],
            share=True,
        )
        for kind, row in zip(kinds, right, strict=True)
    ]


def _row(title: str, share: float, drawn: NDArray[np.float64], count: int = 0, of: int = 0) -> Row:
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(drawn, (tail, 100 - tail))
    value = percent(float(share))
    bounds = percent(float(low)), percent(float(high))
    return Row(title, value, value, value, count, of, of, *bounds, share=True)


@cache
def _tree() -> dict[str, Any]:
    path = files("training.evaluation").joinpath("data/wordings.yaml")
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree
