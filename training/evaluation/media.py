"""M2E2's events of pictures, and of texts and pictures together (reference "tasks", section 3).

A question about a picture alone needs a text: the word "photo". The picture has an event if that
word is predicted as a trigger, so it has at most one event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from tasks import form, instruction
from tasks.ontology import Ontology
from tasks.records import Record, Region
from training.corpora.m2e2_pictures import Links, PictureEvent
from training.evaluation.boxes import Corners, Rule
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.m2e2_rule import M2E2Rule
from training.evaluation.metric import Outcome
from training.evaluation.pictures import Pictures
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.evaluation.spans import matches
from training.text.example import Example

CARRIER = "photo"

Scores = tuple[str, Mapping[str, Counts]]
"""A unit of the bootstrap and its counts by type."""


@dataclass(frozen=True)
class PictureAnswer:
    """The prediction for one picture, and its gold annotation."""

    event: PictureEvent
    predicted: Prediction
    size: tuple[int, int]

    def events(self) -> Scores:
        """The event's type."""
        ours = [(record.label or "", ()) for record in self.predicted.records]
        gold = [(self.event.event, ())] if self.event.event is not None else []
        return _article(self.event.image), matches(ours, gold)

    def arguments(self, rule: M2E2Rule) -> Scores:
        """Event type, role and box; each gold box is matched at most once."""
        gold: list[tuple[str, Corners]] = [
            row for row in self.event.arguments if row[0] not in rule.left_out
        ]
        kind = self.event.event or ""
        found = {kind: Counts(gold=len(gold))}
        for label, role, box in self._boxes(rule.left_out):
            right = label == self.event.event and _take(role, box, gold, rule.boxes)
            found[label] = found.get(label, Counts()) + Counts(int(right), 1)
        return _article(self.event.image), found

    def _boxes(self, left_out: Collection[str]) -> Iterator[tuple[str, str, Corners]]:
        """Event type, role and box in pixels of every argument that is a region."""
        for record in self.predicted.records:
            for asoc in record.asocs:
                if isinstance(asoc.filler, Region) and asoc.label not in left_out:
                    box = self.predicted.boxes.get(asoc.filler.index, ())
                    sides = (*self.size, *self.size)
                    pixels = [at * side for at, side in zip(box, sides, strict=False)]
                    yield record.label or "", asoc.label, pixels


def ask_pictures(
    evaluator: Evaluator,
    events: Sequence[PictureEvent],
    pictures: Pictures,
    ontology: Ontology,
    title: str,
) -> list[PictureAnswer]:
    """The predictions of `evaluator` for the available pictures: event, then arguments."""
    found = [(event, path) for event in events if (path := pictures.of(event.image)) is not None]
    types = tuple(kind.name for kind in ontology.events)
    example = Example(CARRIER, instruction.EVENTS, form.TRIGGERS, (), types)
    openings = [Question(example, event.image, picture=path) for event, path in found]
    told = [predicted.records[:1] for predicted in evaluator.ask(openings, title)]
    follow_ups = [
        replace(opening, example=_arguments_of(records[0], ontology))
        for opening, records in zip(openings, told, strict=True)
        if records
    ]
    answers = iter(evaluator.ask(follow_ups, f"{title}, arguments"))
    made = []
    for (event, path), records in zip(found, told, strict=True):
        predicted = Prediction()
        if records:
            answer = next(answers)
            asocs = tuple(asoc for record in answer.records for asoc in record.asocs)
            predicted = Prediction((replace(records[0], asocs=asocs),), answer.boxes)
        with Image.open(path) as image:
            made.append(PictureAnswer(event, predicted, image.size))
    return made


def media_rows(
    answers: Sequence[PictureAnswer],
    texts: Outcome,
    sentences: Sequence[str],
    links: Links,
    rule: M2E2Rule,
) -> list[Row]:
    """Scores of pictures, and of the linked sentences and pictures together.

    Args:
        answers: the answer for every picture.
        texts: the outcome of end-to-end event extraction from the sentences.
        sentences: ids of the sentences, in order.
        links: which sentences and pictures count as one event.
        rule: when an argument in a picture is correct.
    """
    linked = [a for a in answers if a.event.image in links.images]
    written: dict[str, list[Scores]] = {"trigger classification": [], "arguments, end to end": []}
    for name, found in written.items():
        scorer = texts.metric.scores[name]
        for sentence, question, predicted in zip(
            sentences, texts.questions, texts.predicted, strict=True
        ):
            if sentence in links.sentences:
                found.append((_article(sentence), scorer(predicted, question)))
    triggers, arguments = written.values()
    return [
        Row.of("image events", [a.events() for a in answers]),
        Row.of("image arguments", [a.arguments(rule) for a in answers]),
        Row.of("multimedia events", [*triggers, *(a.events() for a in linked)]),
        Row.of("multimedia arguments", [*arguments, *(a.arguments(rule) for a in linked)]),
    ]


def _arguments_of(record: Record, ontology: Ontology) -> Example:
    kind = ontology.event(record.label or "")
    wording = instruction.arguments(CARRIER)
    return Example(CARRIER, wording, form.ARGUMENTS, (), (kind.name,), kind.roles)


def _take(role: str, box: Corners, gold: list[tuple[str, Corners]], rule: Rule) -> bool:
    for place, (wanted, other) in enumerate(gold):
        if wanted == role and rule(box, [other]):
            del gold[place]
            return True
    return False


def _article(name: str) -> str:
    return name.rpartition("_")[0]
