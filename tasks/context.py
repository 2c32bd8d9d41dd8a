"""What a choice is about: which spans and regions are in question, and how options are read."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What is chosen; the network has one vector for each."""

    PLAIN = 0  # nothing is in question: an order without contexts
    ITEM = 1  # where the next item's span begins, or that there is none
    SPAN_END = 2  # whether the item's span goes on
    LABEL = 3  # the type of a span
    FILLER = 4  # where an asoc's filler begins, which region it is, or that there is none
    FILLER_END = 5
    ROLE = 6  # the role of a filler, or the relation of a pair


class Context(NamedTuple):
    """The context of one choice.

    Places are rows of the copy keys: regions, then source positions; -1 for none. `first` and
    `last` are the ends of the span in question, `other_first` and `other_last` those of a filler
    or a pair's tail. The first `scanned` options are places in text order, read as a scan: each is
    taken or passed over, and the options behind them are what is left when all are passed over.
    """

    kind: Kind
    first: int = -1
    last: int = -1
    other_first: int = -1
    other_last: int = -1
    scanned: int = 0


PLAIN = Context(Kind.PLAIN)
