"""Examples of errors, from corpora whose licences allow it.

The selection is not manual: of all errors, those whose text has the smallest digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256

from tasks.records import Record, Region, Span
from training.evaluation.metric import Outcome
from training.evaluation.question import Question

MOST, LONGEST = 3, 160

SHOWN = {
    "broad_twitter": "Broad Twitter Corpus, CC BY 4.0",
    "conll04": "CoNLL04, MIT",
    "crossner_ai": "CrossNER, MIT",
    "crossner_literature": "CrossNER, MIT",
    "crossner_music": "CrossNER, MIT",
    "crossner_politics": "CrossNER, MIT",
    "crossner_science": "CrossNER, MIT",
    "samples": "our own sentences",
}
"""Corpora whose texts may be published, with their credits."""


@dataclass(frozen=True, slots=True)
class Example:
    """A wrong prediction: the text, the task, the prediction and the gold annotation."""

    corpus: str
    task: str
    text: str
    said: tuple[str, ...]
    wanted: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """The values for JSON."""
        return asdict(self)


def examples_of(corpus: str, outcome: Outcome) -> list[Example]:
    """The errors to show of an evaluation task; none if the corpus may not be published."""
    if corpus not in SHOWN:
        return []
    wrong = sorted(_wrong(corpus, outcome), key=lambda e: (_digest(e.text), e.text, e.wanted))
    return wrong[:MOST]


def _wrong(corpus: str, outcome: Outcome) -> Iterator[Example]:
    for question, predicted in zip(outcome.questions, outcome.predicted, strict=True):
        ours, wanted = described(predicted.records), described(question.example.records)
        if sorted(ours) != sorted(wanted) and len(question.example.text) <= LONGEST:
            yield Example(corpus, _task(outcome, question), question.example.text, ours, wanted)


def _task(outcome: Outcome, question: Question) -> str:
    example = question.example
    if example.head is not None and example.tail is not None:
        head, tail = (example.text[slice(*span)] for span in (example.head, example.tail))
        return f"{outcome.metric.title} ({head}, {tail})"
    return outcome.metric.title


def described(records: Iterable[Record]) -> tuple[str, ...]:
    """Records as text: "person: Ada", "Ada, member of: NASA", "attack: struck, target: camp"."""
    found = []
    for record in records:
        span = record.span.text if record.span is not None else None
        lead = ": ".join(part for part in (record.label, span) if part is not None)
        if not record.asocs or None not in (record.label, record.span):
            found.append(lead)
        found += [f"{lead}, {asoc.label}: {_filler(asoc.filler)}" for asoc in record.asocs]
    return tuple(found)


def _filler(filler: Span | Region) -> str:
    return filler.name if isinstance(filler, Region) else filler.text


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
