"""The states of an automaton: what was chosen so far, and the forced symbols."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from tasks.records import MAX_REGIONS


class Symbol(NamedTuple):
    """A token and what it copies.

    Attributes:
        token: the token id.
        position: the index of the copied id in the source; -1 for none.
        region: the number of the copied region, from 1; 0 for none.
    """

    token: int
    position: int = -1
    region: int = 0

    @property
    def place(self) -> int:
        """Its row in the copy keys: regions, then source positions; -1 for neither."""
        if self.region:
            return self.region - 1
        return MAX_REGIONS + self.position if self.position >= 0 else -1


class Phase(IntEnum):
    """What is chosen next."""

    ITEMS = 0  # another item, or the end
    LABEL = 1  # the label of an item
    SPAN = 2  # where the span of an item starts
    SPAN_REST = 3  # whether the span continues; if not, as BODY
    BODY = 4  # another asoc, or the end of the item
    ROLE = 5  # the role of an asoc
    FILLER = 6  # where the filler starts, or which region it is
    FILLER_REST = 7  # whether the filler continues
    DONE = 8  # nothing


class Link(NamedTuple):
    """A chosen asoc.

    Attributes:
        role: the index of its role.
        first: the first piece of its filler; -1 for a region.
        stop: the piece behind the filler.
        region: the number of its region, from 1; 0 for a span.
        logp: the log-probability of its symbols.
    """

    role: int
    first: int
    stop: int
    region: int
    logp: float

    def with_logp(self, logp: float) -> Link:
        """Return the link after one more choice of log-probability `logp`."""
        return self._replace(logp=self.logp + logp)


class Item(NamedTuple):
    """A chosen item.

    Attributes:
        spot: the index of its label; -1 for none.
        first: the first piece of its span; -1 for none.
        stop: the piece behind the span.
        links: its asocs.
        logp: the log-probability of its symbols, without those of its asocs.
    """

    spot: int
    first: int
    stop: int
    links: tuple[Link, ...]
    logp: float

    def with_logp(self, logp: float) -> Item:
        """Return the item after one more choice of log-probability `logp`."""
        return self._replace(logp=self.logp + logp)

    def with_last_link(self, logp: float) -> Item:
        """Return the item whose last link has one more choice of log-probability `logp`."""
        return self._replace(links=(*self.links[:-1], self.links[-1].with_logp(logp)))


NO_ITEM = Item(-1, -1, -1, (), 0.0)
NO_LINK = Link(-1, -1, -1, 0, 0.0)


@dataclass(frozen=True, slots=True)
class State:
    """The state of an answer.

    Attributes:
        phase: what is chosen next.
        forced: the symbols that come before that choice.
        items: the finished items.
        item: the unfinished item.
        link: the unfinished asoc.
    """

    phase: Phase
    forced: tuple[Symbol, ...]
    items: tuple[Item, ...] = ()
    item: Item = NO_ITEM
    link: Link = NO_LINK

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self.phase is Phase.DONE and not self.forced

    def after_forced(self, logp: float) -> State:
        """Return the state after the first forced symbol.

        Over bare tokens a forced symbol can still be a choice: "place of birth" or "place of
        residence". Its log-probability `logp` counts for the label or filler that it belongs to.
        """
        state = replace(self, forced=self.forced[1:])
        if not logp:
            return state
        if self.phase is Phase.SPAN:
            return replace(state, item=self.item.with_logp(logp))
        if self.phase is Phase.FILLER:
            return replace(state, link=self.link.with_logp(logp))
        if self.item.links:
            return replace(state, item=self.item.with_last_link(logp))
        if self.items and self.items[-1].links:
            return replace(state, items=(*self.items[:-1], self.items[-1].with_last_link(logp)))
        return state
