"""Scores with other pictures, and with other wordings of a prompt."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tasks.document import Document
from tasks.instruction import Wording
from tasks.ontology import load
from tasks.records import Record, Region
from training.evaluation import calibration
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.grounding import Grounded
from training.evaluation.label_order import LabelOrder
from training.evaluation.metric import Metric, Outcome
from training.evaluation.plan import grounded_scores
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import entity_questions, named_caption
from training.evaluation.row import Row
from training.evaluation.spans import Item, Scorer, exactly, typed
from training.evaluation.variation import ordered, pictured, relabelled, worded
from training.flickr8k import Photo
from training.text.names import name_pool

WORDINGS: Mapping[str, Wording] = {
    "given the entity types": Wording("Give the text: ", "Given the entity types"),
    "identify": Wording(
        "Give the text: ", "Identity the following entity type from the given sentence"
    ),
    "options": Wording("Give the text: ", "Please extract entity type in the sentence. Options: "),
}
"""The three other instructions of the published code, with its spelling (reference section 1.5)."""

OTHER_WORDS: Mapping[str, str] = {
    "person": "someone with a name",
    "location": "geographical spot",
    "organization": "corporate body",
    "miscellaneous": "anything else with a name",
}
"""Synonyms of twitter4's types that training does not use."""

ALONE, UNRELATED = "posts: entities, no picture", "posts: entities, unrelated picture"
"""Two scores, whose difference is the loss with an unrelated picture."""

_GROUNDED = "posts: share of entities grounded in an unrelated picture"


def captions_of(photos: Sequence[Photo], folder: Path) -> list[Question]:
    """A caption of each photo with people, with names that training never used.

    `folder` is the folder of the photos. The names are deterministic for a photo.
    """
    generator, names, ontology = random.Random(0), name_pool(held_out=True), load("twitter4")
    asked = (named_caption(photo, folder, names, ontology, generator) for photo in photos)
    return [question for question in asked if question is not None]


def captions_outcome(evaluator: Evaluator, captions: Sequence[Question]) -> Outcome:
    """The predictions of `evaluator` for such captions and their pictures."""
    scores = {"entities": exactly(typed), **grounded_scores()}
    judges = {"entities": calibration.spots, "regions": calibration.regions}
    metric = Metric("people with unseen names", scores, judges=judges)
    return Outcome(metric, captions, evaluator.ask(captions, "captions, own pictures"))


def caption_rows(evaluator: Evaluator, captions: Sequence[Question]) -> list[Row]:
    """Such captions with their own pictures, with other captions' pictures, and without."""
    found = []
    for name, asked in {
        "own picture": captions,
        "another's picture": turned(captions),
        "no picture": [pictured(question, None) for question in captions],
    }.items():
        scores: dict[str, Scorer] = {
            f"captions: entities, {name}": exactly(typed),
            f"captions: grounded entities (GMNER), {name}": Grounded(),
        }
        found += _rows(scores, asked, evaluator.ask(asked, f"captions, {name}"))
    return found


def unrelated_rows(
    evaluator: Evaluator, documents: Sequence[Document], photos: Sequence[Path]
) -> list[Row]:
    """Texts alone, and each with an unrelated photo.

    The last row is the share of predicted entities that are grounded in such a photo. Without
    photos there are no rows.
    """
    if not photos:
        return []
    asked = _questions(documents)
    drawn = random.Random(0).choices(photos, k=len(asked))
    shuffled = [pictured(q, photo) for q, photo in zip(asked, drawn, strict=True)]
    alone = evaluator.ask(asked, "texts, no picture")
    predicted = evaluator.ask(shuffled, "texts, unrelated pictures")
    regions = Row.of(
        _GROUNDED,
        [
            (q.unit, _grounded(answer.records))
            for q, answer in zip(shuffled, predicted, strict=True)
        ],
        share=True,
    )
    return [
        *_rows({ALONE: exactly(typed)}, asked, alone),
        *_rows({UNRELATED: exactly(typed)}, shuffled, predicted),
        regions,
    ]


def wording_rows(evaluator: Evaluator, documents: Sequence[Document]) -> list[Row]:
    """The same texts with other instructions, synonyms of labels or another order of labels.

    Every variation has two rows: its score, and the share of texts with unchanged predictions.
    """
    usual = _questions(documents)
    variations: dict[str, tuple[list[Question], Mapping[str, str]]] = {
        f"instruction: {name}": ([worded(q, wording) for q in usual], {})
        for name, wording in WORDINGS.items()
    }
    back = {other: word for word, other in OTHER_WORDS.items()}
    variations["labels in other words"] = ([relabelled(q, OTHER_WORDS) for q in usual], back)
    for order in (LabelOrder.REVERSED, LabelOrder.SHUFFLED):
        variations[f"labels {order}"] = ([ordered(q, order) for q in usual], {})
    expected = evaluator.ask(usual, "usual words")
    found = _rows({"entities, usual words": exactly(typed)}, usual, expected)
    for name, (asked, words) in variations.items():
        predicted = evaluator.ask(asked, name)
        found += _rows({f"entities, {name}": exactly(typed)}, asked, predicted)
        same = [
            (q.unit, {"": Counts.share(int(_said(a, words) == _said(b, {})), 1)})
            for q, a, b in zip(usual, predicted, expected, strict=True)
        ]
        found.append(Row.of(f"same answer, {name}", same, share=True))
    return found


def _questions(documents: Sequence[Document]) -> list[Question]:
    return [
        q for document in documents for q in entity_questions(document, load(document.ontology))
    ]


def turned(captions: Sequence[Question]) -> list[Question]:
    """Each caption with the picture of the next one, which shows none of its people."""
    return [
        replace(question, picture=other.picture, boxes=((),) * len(question.boxes))
        for question, other in zip(captions, [*captions[1:], *captions[:1]], strict=True)
    ]


def _grounded(records: Sequence[Record]) -> dict[str, Counts]:
    found = [any(isinstance(a.filler, Region) for a in record.asocs) for record in records]
    return {"": Counts.share(sum(found), len(found))}


def _said(predicted: Prediction, words: Mapping[str, str]) -> Counter[Item]:
    return Counter((words.get(label, label), place) for label, place in typed(predicted.records))


def _rows(
    scores: Mapping[str, Scorer], questions: Sequence[Question], predicted: Sequence[Prediction]
) -> list[Row]:
    return Outcome(Metric("", scores), questions, predicted).rows()
