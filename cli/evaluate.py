"""`umie evaluate`: a bundle's scores on annotated corpora."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.engine.asking import Asker
    from tasks.document import Document
    from tasks.ontology import Ontology
    from tasks.records import Record
    from training.evaluation.counts import Counts
    from training.text.exercise import Exercise

    Exam = Callable[[Document, Ontology], Iterator[Exercise]]
    Protocol = Callable[[Sequence[Record], Sequence[Record]], Counts]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    corpus: str
    split: str
    score: str
    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    gold: int


def evaluate(
    data: Annotated[Path, typer.Option(help="Folder of the corpora in their original layouts.")],
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path("bundles/compact"),
    corpora: Annotated[str, typer.Option(help="Names, separated by commas.")] = (
        "twitter2015,twitter2017,gmner,fmnerg51,mnre,conll04,m2e2,flickr8k"
    ),
    split: str = "test",
    limit: Annotated[int, typer.Option(help="Documents per corpus, 0 for all.")] = 0,
    out: Annotated[Path | None, typer.Option(help="File for the scores as JSON.")] = None,
) -> None:
    """Score a bundle, constrained and greedy, and print the table with its counts."""
    from service.engine.asking import Asker

    asker = Asker(bundle)
    rows: list[Row] = []
    for name in corpora.split(","):
        for row in _rows(name, data, split, limit, asker):
            rows.append(row)
            typer.echo(_line(row))
    if out is not None:
        values = {"model": asker.name, "rows": [asdict(row) for row in rows]}
        out.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _rows(name: str, data: Path, split: str, limit: int, asker: Asker) -> Iterator[Row]:
    from tasks.ontology import load
    from training.corpora import CORPORA, read_corpus

    if name == "flickr8k":
        yield _grounding(data / name, split, limit, asker)
        return
    documents = read_corpus(name, data, split)[: limit or None]
    inventory = load(CORPORA[name].ontology)
    for exam, scores in _exams(documents):
        exercises = [e for document in documents for e in exam(document, inventory)]
        said = asker.ask(exercises, f"{name} {', '.join(scores)}")
        for score, protocol in scores.items():
            counts = [protocol(s, e.records) for s, e in zip(said, exercises, strict=True)]
            yield _row(name, split, score, counts)


def _exams(documents: list[Document]) -> Iterator[tuple[Exam, dict[str, Protocol]]]:
    """What a corpus's documents can be asked, by the inventories that they annotate."""
    from training.evaluation import exams, protocols

    for first in documents[:1]:
        if first.entities is not None and first.relations is not None:
            yield (
                exams.joint_exam,
                {
                    "joint entities": protocols.typed_spans,
                    "joint relations, strict": protocols.strict_relations,
                },
            )
        elif first.entities is not None:
            yield exams.entity_exam, {"entities": protocols.typed_spans}
        elif first.relations is not None:
            yield exams.pair_exam, {"pair relations": protocols.pair_relations}
        if first.events is not None:
            yield exams.trigger_exam, {"triggers": protocols.typed_spans}
            yield exams.argument_exam, {"arguments, trigger given": protocols.arguments}


def _grounding(folder: Path, split: str, limit: int, asker: Asker) -> Row:
    import random

    from tasks.ontology import load
    from training.evaluation.exams import named_caption
    from training.evaluation.protocols import grounded_spans
    from training.flickr8k import image_path, read_photos
    from training.text.names import name_pool

    generator, names = random.Random(0), name_pool(held_out=True)
    inventory = load("twitter4")
    photos = read_photos(folder, split)[: limit or None]
    exams = [(p, named_caption(p, names, inventory, generator)) for p in photos]
    asked = [(image_path(folder, photo), exam) for photo, exam in exams if exam is not None]
    seen = asker.look([path for path, _ in asked], "flickr8k pictures")
    exercises = [exam[0] for _, exam in asked]
    said = asker.ask(exercises, "flickr8k grounded people", seen)
    counts = [
        grounded_spans(s, [tuple(b) for b in sight.boxes.tolist()], exercise.records, boxes)
        for s, sight, (_, (exercise, boxes)) in zip(said, seen, asked, strict=True)
    ]
    return _row("flickr8k", split, "people with unseen names and regions", counts)


def _row(corpus: str, split: str, score: str, counts: Sequence[Counts]) -> Row:
    from training.evaluation.counts import Counts

    total = sum(counts, Counts())
    return Row(
        corpus,
        split,
        score,
        round(100 * total.precision, 2),
        round(100 * total.recall, 2),
        round(100 * total.f1, 2),
        total.correct,
        total.predicted,
        total.gold,
    )


def _line(row: Row) -> str:
    return (
        f"| {row.corpus} | {row.split} | {row.score} | {row.precision:.2f} | {row.recall:.2f} "
        f"| {row.f1:.2f} | {row.correct} / {row.predicted} / {row.gold} |"
    )
