"""Relations must depend on the text: none for names that only co-occur, and the right direction.

Both are tested end to end as in the service, and with the names and their types given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import permutations
from typing import Any

import yaml

from tasks import form, instruction
from tasks.ontology import NONE, Ontology, load, parse
from tasks.records import Record, Span
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.text.example import Example

CORPUS, ONTOLOGY, LEAST = "cooccurrence", "news", 0.5
"""A relation counts as predicted if its score is above `LEAST`."""

_INVERSE = {"parent of": "child of", "child of": "parent of"}
"""Pairs of labels with the same meaning when head and tail are swapped."""

Found = tuple[str, str, str, float]
"""A predicted relation: texts of head, label and tail, and its score."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text with its names and their types, and the relation that it states, if any."""

    text: str
    names: tuple[tuple[str, str], ...]
    relation: tuple[str, str, str] | None = None


Rule = Callable[[Sentence, Sequence[Found]], bool]
"""A check of the relations found in a sentence."""


def evaluate(evaluator: Evaluator, limit: int = 0) -> tuple[int, list[Row]]:
    """The number of sentences, and the scores; at most `limit` sentences of each kind."""
    news, own, most = load(ONTOLOGY), own_ontology(), limit or None
    unrelated = unrelated_sentences()[:most]
    directed = directed_sentences("directed", news)[:most]
    own_directed = directed_sentences("own_directed", own)[:most]
    rows = []
    for way, ask in (("end to end", end_to_end), ("names given", names_given)):
        found = ask(evaluator, unrelated, news)
        rows.append(_share(f"fired on co-occurrence, {way}", unrelated, found, fired))
        for title, sentences, ontology in (
            ("direction", directed, news),
            ("direction, own labels", own_directed, own),
        ):
            found = ask(evaluator, sentences, ontology)
            rows.append(_share(f"{title} right, {way}", sentences, found, right))
            rows.append(_share(f"{title} reversed, {way}", sentences, found, reversed_))
    return len(unrelated) + len(directed) + len(own_directed), rows


def unrelated_sentences() -> list[Sentence]:
    """Sentences whose names co-occur without any of the relations of `ONTOLOGY`."""
    return [
        Sentence(text, tuple((name, kind) for name, kind in names))
        for text, names in _tree()["unrelated"]
    ]


def directed_sentences(part: str, ontology: Ontology) -> list[Sentence]:
    """Sentences with a relation that holds in one direction; names have its first types."""
    types = {r.name: (r.head[0], r.tail[0]) for r in ontology.relations}
    return [
        Sentence(
            text,
            tuple(sorted(zip((head, tail), types[label], strict=True), key=_order(text))),
            (head, label, tail),
        )
        for text, head, label, tail in _tree()[part]
    ]


def own_ontology() -> Ontology:
    """Custom relations, as in a request, between types of twitter4."""
    relations = _tree()["own_relations"]
    return parse({"name": "own", "entities": "twitter4", "relations": relations})


def end_to_end(
    evaluator: Evaluator, sentences: Sequence[Sentence], ontology: Ontology
) -> list[list[Found]]:
    """The relations that the evaluator finds in each sentence, with predicted entities."""
    texts = [sentence.text for sentence in sentences]
    predicted = evaluator.chain(Chain.RELATIONS, texts, ontology, f"{CORPUS}, end to end")
    return [_found(one) for one in predicted]


def names_given(
    evaluator: Evaluator, sentences: Sequence[Sentence], ontology: Ontology
) -> list[list[Found]]:
    """The relations between the sentences' names; each pair is prompted in both directions.

    If a label is found in both directions, the higher score is kept, as in the service.
    """
    asked = [list(pair_questions(sentence, ontology)) for sentence in sentences]
    predicted = iter(
        evaluator.ask([q for questions in asked for q in questions], f"{CORPUS}, pairs")
    )
    found = []
    for questions in asked:
        best: dict[tuple[str, frozenset[str]], Found] = {}
        for one in (relation for _ in questions for relation in _found(next(predicted))):
            key = one[1], frozenset((one[0], one[2]))
            best[key] = max(best.get(key, one), one, key=lambda relation: relation[3])
        found.append(list(best.values()))
    return found


def pair_questions(sentence: Sentence, ontology: Ontology) -> list[Question]:
    """Each ordered pair of names that some relation admits, with these relations and "none"."""
    text, asked = sentence.text, []
    for (head, head_type), (tail, tail_type) in permutations(sentence.names, 2):
        labels = [r.name for r in ontology.relations if r.admits(head_type, tail_type)]
        if not labels:
            continue
        places = [(text.index(name), text.index(name) + len(name)) for name in (head, tail)]
        example = Example(
            text,
            instruction.relation(head, tail),
            form.PAIR,
            (Record(None, Span.of(text, *places[0])),),
            asocs=(*labels, NONE),
            head=places[0],
            tail=places[1],
        )
        asked.append(Question(example, text))
    return asked


def fired(_: Sentence, found: Sequence[Found]) -> bool:
    """Whether any relation has a score above `LEAST`."""
    return any(score > LEAST for *_, score in found)


def right(sentence: Sentence, found: Sequence[Found]) -> bool:
    """Whether the best relation between the two names is the stated one."""
    best = _best(sentence, found)
    assert sentence.relation is not None
    return best is not None and _is(best, *sentence.relation)


def reversed_(sentence: Sentence, found: Sequence[Found]) -> bool:
    """Whether the best relation between the two names is the stated one in reverse direction."""
    best = _best(sentence, found)
    assert sentence.relation is not None
    head, label, tail = sentence.relation
    return best is not None and _is(best, tail, label, head)


def _is(found: Found, head: str, label: str, tail: str) -> bool:
    return found[:3] in ((head, label, tail), (tail, _INVERSE.get(label, ""), head))


def _best(sentence: Sentence, found: Sequence[Found]) -> Found | None:
    assert sentence.relation is not None
    ends = {sentence.relation[0], sentence.relation[2]}
    between = [one for one in found if {one[0], one[2]} == ends]
    return max(between, key=lambda one: one[3], default=None)


def _found(predicted: Prediction) -> list[Found]:
    return [
        (record.span.text, asoc.label, asoc.filler.text, asoc.score)
        for record in predicted.records
        for asoc in record.asocs
        if record.span is not None and isinstance(asoc.filler, Span) and asoc.label != NONE
    ]


def _share(
    title: str, sentences: Sequence[Sentence], found: Sequence[Sequence[Found]], rule: Rule
) -> Row:
    counted: list[tuple[str, Mapping[str, Counts]]] = [
        (sentence.text, {"": Counts.share(int(rule(sentence, one)), 1)})
        for sentence, one in zip(sentences, found, strict=True)
    ]
    return Row.of(title, counted, share=True)


def _order(text: str) -> Callable[[tuple[str, str]], int]:
    return lambda name: text.index(name[0])


@cache
def _tree() -> dict[str, Any]:
    path = files("training.evaluation").joinpath("data/relations.yaml")
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree
