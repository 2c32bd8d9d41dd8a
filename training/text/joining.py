"""Joins short documents to one long text, whose parts the model must keep apart."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tasks.document import Document, Mention, Relation
from tasks.ontology import NONE

_SIZES, _WEIGHTS = (1, 2, 3, 4, 5, 6), (0.5, 0.16, 0.12, 0.08, 0.07, 0.07)
_SEPARATORS = (" ", "\n", "\n\n", " . ", " | ")
_SEPARATOR_WEIGHTS = (0.5, 0.25, 0.1, 0.1, 0.05)
_MOST_CHARS = 750


def grouped(documents: Sequence[Document], generator: random.Random) -> Iterator[list[Document]]:
    """Every document once, in random groups of one to six that fit into a prompt."""
    waiting = generator.sample(documents, len(documents))
    while waiting:
        wanted = generator.choices(_SIZES, _WEIGHTS)[0]
        group = [waiting.pop()]
        length = len(group[0].text)
        while waiting and len(group) < wanted and length + len(waiting[-1].text) <= _MOST_CHARS:
            length += len(waiting[-1].text)
            group.append(waiting.pop())
        yield group


def joined(documents: Sequence[Document], generator: random.Random) -> Document:
    """Concatenate documents of one inventory, with their entities.

    Relations and events are left out; see `joined_related`. The separator is random.
    """
    text, starts = _laid_out(documents, generator)
    entities = [
        _moved(mention, start)
        for document, start in zip(documents, starts, strict=True)
        for mention in document.entities or ()
    ]
    return replace(documents[0], text=text, entities=tuple(entities), image=None)


def joined_related(documents: Sequence[Document], generator: random.Random) -> Document:
    """Like `joined`, but with relations; no relation connects two documents.

    Args:
        documents: with entities, or with `pair_mentions` if the first has no entities.
        generator: draws the separator.
    """
    text, starts = _laid_out(documents, generator)
    relations: list[Relation] = []
    mentions: list[Mention] = []
    for document, start in zip(documents, starts, strict=True):
        first = len(mentions)
        relations += [
            Relation(r.type, r.head + first, r.tail + first) for r in document.relations or ()
        ]
        mentions += [_moved(mention, start) for mention in document.mentions]
    given = documents[0].entities is None
    return replace(
        documents[0],
        text=text,
        entities=None if given else tuple(mentions),
        pair_mentions=tuple(mentions) if given else (),
        relations=tuple(relations),
        image=None,
    )


def unrelated_across(
    documents: Sequence[Document], most: int, generator: random.Random
) -> list[Relation]:
    """Sample at most `most` ordered pairs of mentions from different documents.

    Returns:
        relations of type `NONE`, whose ends are indices of mentions in the joined document.
    """
    sizes = [len(document.mentions) for document in documents]
    owner = [number for number, size in enumerate(sizes) for _ in range(size)]
    pairs = [(a, b) for a in range(len(owner)) for b in range(len(owner)) if owner[a] != owner[b]]
    return [Relation(NONE, a, b) for a, b in generator.sample(pairs, min(most, len(pairs)))]


def _laid_out(documents: Sequence[Document], generator: random.Random) -> tuple[str, list[int]]:
    """The concatenated text, and the start of each document in it."""
    separator = generator.choices(_SEPARATORS, _SEPARATOR_WEIGHTS)[0]
    text, starts = "", []
    for document in documents:
        text += separator if text else ""
        starts.append(len(text))
        text += document.text
    return text, starts


def _moved(mention: Mention, by: int) -> Mention:
    return replace(mention, start=mention.start + by, end=mention.end + by, boxes=())
