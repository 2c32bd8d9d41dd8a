"""Captions that name two people with a box each: two names must not share a region."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from tasks import form, instruction
from tasks.document import Box
from tasks.ontology import load
from tasks.records import Record, Span
from training.evaluation import pointing
from training.evaluation.boxes import iou
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.evaluation.spans import Scorer
from training.flickr8k import Caption, Photo, image_path
from training.text.captions import put_names, single_people
from training.text.example import Example
from training.text.names import NamePool, name_pool

_APART, _SAME = 0.3, 0.5
"""Maximum IoU of the two gold boxes; minimum IoU of predicted boxes that are one region."""


def two_name_rows(
    evaluator: Evaluator, photos: Sequence[Photo], folder: Path, most: int
) -> list[Row]:
    """Shares of captions with both names grounded, both correct, and both in one region (error).

    One caption of each of at most `most` photos in `folder`.
    """
    asked = two_name_questions(photos, folder)[:most]
    scores: dict[str, Scorer] = {
        "two names: both boxed": both_boxed,
        "two names: both right": both_right,
        "two names: one region of those boxed": one_region,
    }
    predicted = evaluator.ask(asked, "captions with two names")
    return Outcome(Metric("two names", scores, frozenset(scores)), asked, predicted).rows()


def two_name_questions(photos: Sequence[Photo], folder: Path) -> list[Question]:
    """The first caption of each photo that names two separate people, with unseen names."""
    generator, names = random.Random(0), name_pool(held_out=True)
    found = []
    for photo in photos:
        asked = (_question(photo, c, folder, names, generator) for c in photo.captions)
        question = next((one for one in asked if one is not None), None)
        if question is not None:
            found.append(question)
    return found


def both_boxed(predicted: Prediction, question: Question) -> Mapping[str, Counts]:
    """Whether both names have a box."""
    return {"": Counts.share(int(len(_boxes(predicted, question)) == 2), 1)}


def both_right(predicted: Prediction, question: Question) -> Mapping[str, Counts]:
    """Whether both names have the right box."""
    counts = pointing.shown_right(predicted, question).values()
    return {"": Counts.share(int(sum(one.correct for one in counts) == 2), 1)}


def one_region(predicted: Prediction, question: Question) -> Mapping[str, Counts]:
    """Whether two boxed names have one region; not counted if a name has no box."""
    boxes = _boxes(predicted, question)
    if len(boxes) < 2:
        return {}
    return {"": Counts.share(int(iou(*boxes) >= _SAME), 1)}


def _boxes(predicted: Prediction, question: Question) -> list[tuple[float, ...]]:
    found = (pointing.box_for(name, predicted, question) for name in question.example.records)
    return [tuple(box) for box in found if box is not None]


def _question(
    photo: Photo, caption: Caption, folder: Path, names: NamePool, generator: random.Random
) -> Question | None:
    people = single_people(photo, caption)
    if len(people) != 2 or iou(people[0][1], people[1][1]) >= _APART:
        return None
    text, spans = put_names(caption.text, [phrase for phrase, _ in people], names, generator)
    if len({text[slice(*span)] for span in spans}) < 2:
        return None
    example = Example(
        text,
        instruction.ENTITIES,
        form.GROUNDED,
        tuple(Record("person", Span.of(text, *span)) for span in spans),
        tuple(kind.name for kind in load("twitter4").entities),
        (form.REGION_ROLE,),
    )
    boxes: tuple[tuple[Box, ...], ...] = tuple((box,) for _, box in people)
    return Question(example, photo.image, boxes, image_path(folder, photo))
