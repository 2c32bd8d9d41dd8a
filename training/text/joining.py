"""Several short documents as one long text: what a model must hold apart."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tasks.document import Document, Mention

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
    """One document of all: their texts behind each other, their entities moved along.

    They are of one inventory; relations and events are left out.
    """
    separator = generator.choices(_SEPARATORS, _SEPARATOR_WEIGHTS)[0]
    text, entities = "", []
    for document in documents:
        text += separator if text else ""
        entities += [_moved(mention, len(text)) for mention in document.entities or ()]
        text += document.text
    return replace(documents[0], text=text, entities=tuple(entities), image=None)


def _moved(mention: Mention, by: int) -> Mention:
    return replace(mention, start=mention.start + by, end=mention.end + by, boxes=())
