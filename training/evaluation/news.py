"""News sentences, alone and joined: the last item of a text must be as good as the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tasks.document import Document, Mention
from tasks.ontology import load
from tasks.records import Record
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import entity_questions
from training.evaluation.row import Row
from training.evaluation.spans import exactly, typed

CORPUS, ONTOLOGY = "news", "twitter4"
WINDOWS, PLACES = (1, 2, 3, 4, 6), (1, 3, 6, 10)
"""Numbers of joined sentences, and the item positions of the longest texts that are scored."""


def evaluate(evaluator: Evaluator, limit: int = 0) -> tuple[int, list[Row]]:
    """The number of texts, and F1 by length and by the item's position in the text.

    There are as many texts of every length as sentences, at most `limit`; each starts one.
    """
    rows, longest = list[Row](), max(WINDOWS)
    texts = 0
    for length in WINDOWS:
        asked = window_questions(length)[: limit or None]
        predicted = evaluator.ask(asked, f"news, {length} joined")
        title = f"entities, {length} sentence{'s' if length > 1 else ''}"
        rows += Outcome(Metric(title, {title: exactly(typed)}), asked, predicted).rows()
        texts += len(asked)
        if length == longest:
            rows += place_rows(asked, predicted)
    return texts, rows


def window_questions(length: int) -> list[Question]:
    """Each sentence joined with the following ones, cyclically: `length` sentences per text."""
    sentences = read_news()
    windows = [
        [sentences[(start + step) % len(sentences)] for step in range(length)]
        for start in range(len(sentences))
    ]
    ontology = load(ONTOLOGY)
    return [q for window in windows for q in entity_questions(joined(window), ontology)]


def read_news() -> list[Document]:
    """The sentences with their entities, in the file's order."""
    return [_document(text, names) for text, names in _tree()]


def joined(documents: Sequence[Document]) -> Document:
    """Documents joined with spaces, with their entities."""
    text, mentions = "", list[Mention]()
    for document in documents:
        text += " " if text else ""
        mentions += [
            Mention(m.start + len(text), m.end + len(text), m.type) for m in document.entities or ()
        ]
        text += document.text
    first = documents[0]
    return Document(text, first.corpus, first.split, first.ontology, entities=tuple(mentions))


def place_rows(asked: Sequence[Question], predicted: Sequence[Prediction]) -> list[Row]:
    """F1 of the items at each of `PLACES`, counted from 1."""
    counted = [
        (question.unit, by_place(question.example.records, one.records))
        for question, one in zip(asked, predicted, strict=True)
    ]
    return [
        Row.of(
            f"entities, item {place} of {max(WINDOWS)} sentences",
            [(unit, {"": counts.get(place, Counts())}) for unit, counts in counted],
        )
        for place in PLACES
    ]


def by_place(gold: Sequence[Record], ours: Sequence[Record]) -> Mapping[int, Counts]:
    """Counts by the position of an item among the gold items, which are in text order.

    A prediction belongs to the first item that it overlaps, otherwise to the next one after it.
    """
    counts = {place: Counts(gold=1) for place in range(1, len(gold) + 1)}
    taken: set[int] = set()
    for record in ours:
        if record.span is None or record.span.start is None:
            continue
        place = _place(record.span.start, gold)
        same = next(iter(typed([record]))) == next(iter(typed([gold[place - 1]])))
        correct = same and place not in taken
        taken |= {place} if correct else set()
        counts[place] += Counts(correct=int(correct), predicted=1)
    return counts


def _place(start: int, gold: Sequence[Record]) -> int:
    for place, record in enumerate(gold, start=1):
        assert record.span is not None and record.span.end is not None
        if start < record.span.end:
            return place
    return len(gold)


def _document(text: str, names: Sequence[tuple[str, str]]) -> Document:
    mentions, at = list[Mention](), 0
    for name, kind in names:
        start = text.index(name, at)
        at = start + len(name)
        mentions.append(Mention(start, at, kind))
    return Document(text, CORPUS, "test", ONTOLOGY, entities=tuple(mentions))


@cache
def _tree() -> list[Any]:
    path = files("training.evaluation").joinpath("data/news.yaml")
    tree: list[Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree
