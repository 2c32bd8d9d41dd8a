"""Relations: one prompt for each candidate pair of entities, and the answers as relations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from schema.extraction import EntityFound, RelationFound
from service.engine.interface import Answer, Prompt
from tasks import form, instruction
from tasks.errors import TextTooLong
from tasks.instruction import Prompter
from tasks.ontology import NONE, Ontology
from tasks.source import Source


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entities and the relation types that the ontology allows between them."""

    head: EntityFound
    tail: EntityFound
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairPrompt:
    """A pair and its prompt."""

    pair: Pair
    prompt: Prompt


def admitted_pairs(entities: Sequence[EntityFound], ontology: Ontology, limit: int) -> list[Pair]:
    """Select the pairs of entities that get a prompt.

    Args:
        entities: the entities; those without offsets are skipped.
        ontology: the relation types with their head and tail types.
        limit: most pairs.

    Returns:
        Ordered pairs that at least one relation type allows, the closest in the text first.
    """
    pairs = []
    for head, tail in permutations(entities, 2):
        if head.start is None or tail.start is None:
            continue
        if (head.start, head.end) == (tail.start, tail.end):
            continue
        names = [r.name for r in ontology.relations if r.admits(head.type, tail.type)]
        relations = tuple(name for name in names if name != NONE)
        if relations:
            pairs.append(Pair(head, tail, relations))
    pairs.sort(key=lambda pair: (_gap(pair), pair.head.id, pair.tail.id))
    return pairs[:limit]


def pair_prompts(
    prompter: Prompter, text: str, pairs: Iterable[Pair], *, start: int = 0
) -> list[PairPrompt]:
    """Encode the prompts of pairs; pairs with the same prompt share its source.

    Pairs are skipped if the prompt is too long or a mention does not align with tokens.

    Args:
        prompter: encodes prompts.
        text: the text to read, a slice of the one that the entities' offsets count in.
        pairs: the pairs.
        start: where the slice begins.
    """
    prompts = []
    shared: dict[tuple[str, tuple[str, ...]], Source] = {}
    for pair in pairs:
        key = pair.head.text, pair.relations
        source = shared.get(key)
        if source is None:
            wording = instruction.relation(pair.head.text, pair.tail.text)
            try:
                source = prompter.encode(text, wording, asocs=[*pair.relations, NONE])
            except TextTooLong:
                continue
            if prompter.shared_pairs:
                shared[key] = source
        head = source.locate(*_span(pair.head, start))
        tail = source.locate(*_span(pair.tail, start))
        if head is not None and tail is not None:
            prompts.append(PairPrompt(pair, Prompt(source, form.PAIR, head=head, tail=tail)))
    return prompts


def relations_of(
    prompts: Sequence[PairPrompt], answers: Sequence[Answer], min_score: float
) -> list[RelationFound]:
    """Convert the answers to pair prompts to relations.

    Args:
        prompts: the pairs with their prompts.
        answers: one answer per prompt, in order.
        min_score: relations with a smaller score are dropped.

    Returns:
        The relations by head and tail, without "none". Of a relation found in both directions, the
        one with the higher score is kept.
    """
    best: dict[tuple[str, frozenset[int]], RelationFound] = {}
    for prompt, answer in zip(prompts, answers, strict=True):
        head, tail = prompt.pair.head.id, prompt.pair.tail.id
        for asoc in (asoc for record in answer.records for asoc in record.asocs):
            if asoc.label == NONE or asoc.score < min_score:
                continue
            key = (asoc.label, frozenset((head, tail)))
            if key not in best or best[key].score < round(asoc.score, 4):
                best[key] = RelationFound(
                    type=asoc.label, head=head, tail=tail, score=round(asoc.score, 4)
                )
    return sorted(best.values(), key=lambda found: (found.head, found.tail, found.type))


def _span(entity: EntityFound, start: int = 0) -> tuple[int, int]:
    assert entity.start is not None and entity.end is not None
    return entity.start - start, entity.end - start


def _gap(pair: Pair) -> int:
    (head_start, head_end), (tail_start, tail_end) = _span(pair.head), _span(pair.tail)
    return max(head_start, tail_start) - min(head_end, tail_end)
