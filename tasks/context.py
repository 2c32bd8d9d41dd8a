"""The context of a choice: the spans and regions concerned, and how the options are scored."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """The kind of a choice; the network has one embedding for each."""

    PLAIN = 0  # a grammar without contexts
    ITEM = 1  # where the next item's span starts, or that there is none
    SPAN_END = 2  # whether the item's span continues
    LABEL = 3  # the type of a span
    FILLER = 4  # where an asoc's filler starts, which region it is, or that there is none
    FILLER_END = 5  # whether the filler continues
    ROLE = 6  # the role of a filler, or the relation of a pair


class Context(NamedTuple):
    """The context of one choice. Places are rows of the copy keys; -1 for none.

    Attributes:
        kind: the kind of the choice.
        first: the place of the span's first piece.
        last: the place of the span's last piece.
        other_first: the place of the first piece of a filler or of a pair's tail; of a region.
        other_last: the place of its last piece.
        scanned: so many options, the first ones, are places in text order and are scored as a
            scan: the model takes each or skips it, and the other options share the probability
            that it skips all.
    """

    kind: Kind
    first: int = -1
    last: int = -1
    other_first: int = -1
    other_last: int = -1
    scanned: int = 0


PLAIN = Context(Kind.PLAIN)
