"""Where an answer stands: what was chosen so far, and what must be said before the next choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from tasks.tokenizer import MAX_REGIONS


class Symbol(NamedTuple):
    """A token and what it copies: the id at `position` of the source, or region `region` from 1."""

    token: int
    position: int = -1
    region: int = 0

    @property
    def place(self) -> int:
        """Its row among a copy head's keys: regions, then source positions; -1 for neither."""
        if self.region:
            return self.region - 1
        return MAX_REGIONS + self.position if self.position >= 0 else -1


class Phase(IntEnum):
    """What the next choice is about."""

    ITEMS = 0  # another item, or the end
    LABEL = 1
    SPAN = 2  # where the spot's span begins
    SPAN_REST = 3  # how far it goes, then as BODY
    BODY = 4  # another asoc, or the item's end
    ROLE = 5
    FILLER = 6  # where the filler begins, or which region it is
    FILLER_REST = 7
    DONE = 8


class Link(NamedTuple):
    """A chosen asoc: role and filler by index; the filler is a region where `region` > 0."""

    role: int
    first: int
    stop: int
    region: int
    logp: float

    def with_logp(self, logp: float) -> Link:
        """The link after one more choice of log-probability `logp`."""
        return self._replace(logp=self.logp + logp)


class Item(NamedTuple):
    """A chosen item; `spot` is -1 and `first` is -1 where the form has none."""

    spot: int
    first: int
    stop: int
    links: tuple[Link, ...]
    logp: float

    def with_logp(self, logp: float) -> Item:
        """The item after one more choice of log-probability `logp`."""
        return self._replace(logp=self.logp + logp)

    def with_last_link(self, logp: float) -> Item:
        """The item whose last link has one more choice of log-probability `logp`."""
        return self._replace(links=(*self.links[:-1], self.links[-1].with_logp(logp)))


NO_ITEM = Item(-1, -1, -1, (), 0.0)
NO_LINK = Link(-1, -1, -1, 0, 0.0)


@dataclass(frozen=True, slots=True)
class State:
    """Where an answer stands: what must come before the next choice, and what was chosen so far."""

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
        """The state after the first forced symbol.

        Over bare tokens a forced symbol can still be a choice: "place of birth" or "place of
        residence". Its `logp` counts for what the symbol spells.
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
