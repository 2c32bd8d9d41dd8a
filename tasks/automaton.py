"""The target grammar as an automaton: at every step it says which symbols an answer may go on with.

Grammar (reference section 7; `( ) :` stand for the sentinels):

    target  = "(" item* ")" eos
    item    = "(" label ":" span  asoc* ")"      typed
            | "(" head            asoc  ")"      head of a pair
            | "(" label           asoc* ")"      bare
    asoc    = "(" role ":" (span | region | tail) ")"

Labels and roles come from the source's schema, spans are contiguous pieces of its sentence, regions
those of the picture. A symbol says where it copies from, so in symbol space every step has one reading;
`tasks.frontier` runs the same automaton over bare token ids.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import exp
from typing import NamedTuple

from tasks.form import Filler, Form, Opening
from tasks.records import Asoc, Record, Region, Span
from tasks.source import Label, Source
from tasks.tokenizer import MAX_REGIONS, Markers

PieceRange = tuple[int, int]
"""Half-open range of a source's pieces."""


class Symbol(NamedTuple):
    """A token and what it copies: the id at `position` of the source, or region `region` (from 1)."""

    token: int
    position: int = -1
    region: int = 0

    @property
    def place(self) -> int:
        """Its row among a copy head's keys: regions first, then source positions; -1 for neither."""
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


class Item(NamedTuple):
    """A chosen item; `spot` is -1 and `first` is -1 where the form has none."""

    spot: int
    first: int
    stop: int
    links: tuple[Link, ...]
    logp: float


_NO_ITEM = Item(-1, -1, -1, (), 0.0)
_NO_LINK = Link(-1, -1, -1, 0, 0.0)


@dataclass(frozen=True, slots=True)
class State:
    """Where an answer stands: what must come before the next choice, and what was chosen so far."""

    phase: Phase
    forced: tuple[Symbol, ...]
    items: tuple[Item, ...] = ()
    item: Item = _NO_ITEM
    link: Link = _NO_LINK

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self.phase is Phase.DONE and not self.forced


class Automaton:
    """The admitted answers to one prompt.

    Args:
        source: the encoded prompt.
        form: the target's shape.
        markers: ids of the sentinels.
        regions: numbers of the regions that may be named, ascending.
        head, tail: piece ranges of the pair (pair form only).
        ordered: spans in text order and no span twice under one label, which bounds every answer's
            length; weights trained elsewhere need not follow that order.

    `spots`, `roles` and `regions` hold the symbols that spell each of them.
    """

    def __init__(
        self,
        source: Source,
        form: Form,
        markers: Markers,
        *,
        regions: Sequence[int] = (),
        head: PieceRange | None = None,
        tail: PieceRange | None = None,
        ordered: bool = True,
    ) -> None:
        self.source, self.form, self.markers, self.ordered = source, form, markers, ordered
        self._open, self._close = Symbol(markers.open), Symbol(markers.close)
        self._colon = Symbol(markers.colon)
        self._pieces = [Symbol(source.ids[p.position], p.position) for p in source.pieces]
        self._closes = [p.closes for p in source.pieces]
        self._next = _contiguous(source)
        self._starts = self._usable_starts()
        self._piece_at = {p.position: i for i, p in enumerate(source.pieces)}
        self.spots = [self._spell(label) for label in source.spots]
        self.roles = [self._spell(label) for label in source.asocs]
        spells = {k: markers.regions[k - 1] for k in regions}
        self.regions = {k: [Symbol(t, -1, k) for t in spells[k]] for k in sorted(spells)}
        self.head, self.tail = head, tail
        self._spans_fill = Filler.SPAN in form.fillers
        self._regions_fill = Filler.REGION in form.fillers and bool(self.regions)
        if (form.opening is Opening.HEAD) != (head is not None and tail is not None):
            raise ValueError("the pair form, and no other, takes a head and a tail")

    def start(self) -> State:
        """The state before the first symbol."""
        if not self.form.single:
            return State(Phase.ITEMS, (self._open,))
        opening = (self._open, self._open)
        if self.head is not None:
            item = _NO_ITEM._replace(first=self.head[0], stop=self.head[1])
            return State(Phase.ROLE, (*opening, *self.copy(self.head), self._open), item=item)
        return State(Phase.BODY, opening + tuple(self.spots[0]), item=_NO_ITEM._replace(spot=0))

    def admitted(self, state: State) -> list[Symbol]:
        """The symbols that may come next, in a fixed order; empty only when the answer is complete."""
        if state.forced:
            return [state.forced[0]]
        return list(self._choices(state))

    def advance(self, state: State, symbol: Symbol, logp: float = 0.0) -> State:
        """The state after `symbol`, chosen with log-probability `logp`; `symbol` must be admitted."""
        if state.forced:
            return replace(state, forced=state.forced[1:])
        return _MOVES[state.phase](self, state, symbol, logp)

    def records(self, state: State) -> tuple[Record, ...]:
        """What the answer says so far, unfinished items left out."""
        return tuple(self._record(item) for item in state.items)

    # Choices

    def _choices(self, state: State) -> Iterator[Symbol]:
        phase = state.phase
        if phase is Phase.ITEMS:
            if any(self._label_is_open(state, i) for i in range(len(self.spots))):
                yield self._open
            yield self._close
        elif phase is Phase.LABEL:
            yield from (s[0] for i, s in enumerate(self.spots) if self._label_is_open(state, i))
        elif phase is Phase.SPAN:
            yield from self._starts_for(state, state.item.spot)
        elif phase in (Phase.SPAN_REST, Phase.FILLER_REST):
            yield from self._continuations(state)
        elif phase is Phase.BODY:
            if self._open_roles(state):
                yield self._open
            yield self._close
        elif phase is Phase.ROLE:
            yield from (self.roles[i][0] for i in self._open_roles(state))
        elif phase is Phase.FILLER:
            if self._spans_fill:
                yield from self._fillers_for(state, state.link.role)
            yield from (symbols[0] for _, symbols in self._regions_for(state, state.link.role))

    def _continuations(self, state: State) -> Iterator[Symbol]:
        in_filler = state.phase is Phase.FILLER_REST
        last = (state.link.stop if in_filler else state.item.stop) - 1
        if self._next[last]:
            yield self._pieces[last + 1]
        if self._closes[last]:
            if not in_filler and self._open_roles(state):
                yield self._open
            yield self._close

    def _label_is_open(self, state: State, spot: int) -> bool:
        return next(self._starts_for(state, spot), None) is not None

    def _starts_for(self, state: State, spot: int) -> Iterator[Symbol]:
        if not self.ordered or not state.items:
            yield from (self._pieces[i] for i in self._starts)
            return
        last = state.items[-1].first
        taken = any(item.spot == spot and item.first == last for item in state.items)
        yield from self._starts_from(last + taken)

    def _fillers_for(self, state: State, role: int) -> Iterator[Symbol]:
        links = state.item.links
        if not self.ordered or not links:
            yield from (self._pieces[i] for i in self._starts)
            return
        if links[-1].region:  # regions come behind spans
            return
        last = links[-1].first
        taken = any(link.role == role and link.first == last for link in links)
        yield from self._starts_from(last + taken)

    def _starts_from(self, first: int) -> Iterator[Symbol]:
        for index in range(bisect_left(self._starts, first), len(self._starts)):
            yield self._pieces[self._starts[index]]

    def _regions_for(self, state: State, role: int) -> Iterator[tuple[int, list[Symbol]]]:
        if not self._regions_fill:
            return
        links = state.item.links
        last = links[-1].region if self.ordered and links else 0
        taken = any(link.role == role and link.region == last for link in links)
        for k, symbols in self.regions.items():
            if k >= last + (taken and last > 0):
                yield k, symbols

    def _open_roles(self, state: State) -> list[int]:
        if self.tail is not None:
            return [] if state.item.links else list(range(len(self.roles)))
        return [i for i in range(len(self.roles)) if self._role_is_open(state, i)]

    def _role_is_open(self, state: State, role: int) -> bool:
        if self._spans_fill and next(self._fillers_for(state, role), None) is not None:
            return True
        return next(self._regions_for(state, role), None) is not None

    # Moves

    def _from_items(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol == self._close:
            return replace(state, phase=Phase.DONE, forced=(Symbol(self.markers.eos),))
        return replace(state, phase=Phase.LABEL, item=_NO_ITEM._replace(logp=logp))

    def _from_label(self, state: State, symbol: Symbol, logp: float) -> State:
        spot = _index_of(self.source.spots, symbol.position)
        item = state.item._replace(spot=spot, logp=state.item.logp + logp)
        return replace(
            state, phase=Phase.SPAN, forced=(*self.spots[spot][1:], self._colon), item=item
        )

    def _from_span(self, state: State, symbol: Symbol, logp: float) -> State:
        first = self._piece_at[symbol.position]
        item = state.item._replace(first=first, stop=first + 1, logp=state.item.logp + logp)
        return replace(state, phase=Phase.SPAN_REST, item=item)

    def _from_span_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        item = state.item._replace(logp=state.item.logp + logp)
        if symbol.position >= 0:
            return replace(state, item=item._replace(stop=item.stop + 1))
        return self._from_body(replace(state, item=item), symbol, 0.0)

    def _from_body(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol == self._open:
            return replace(state, phase=Phase.ROLE, link=_NO_LINK._replace(logp=logp))
        items = (*state.items, state.item)
        if self.form.single:
            ending = (self._close, Symbol(self.markers.eos))
            return State(Phase.DONE, ending, items)
        return State(Phase.ITEMS, (), items)

    def _from_role(self, state: State, symbol: Symbol, logp: float) -> State:
        role = _index_of(self.source.asocs, symbol.position)
        link = state.link._replace(role=role, logp=state.link.logp + logp)
        rest = (*self.roles[role][1:], self._colon)
        if self.tail is None:
            return replace(state, phase=Phase.FILLER, forced=rest, link=link)
        link = link._replace(first=self.tail[0], stop=self.tail[1])
        item = state.item._replace(links=(link,))
        ending = (self._close, self._close, self._close, Symbol(self.markers.eos))
        return State(Phase.DONE, (*rest, *self.copy(self.tail), *ending), (item,))

    def _from_filler(self, state: State, symbol: Symbol, logp: float) -> State:
        link = state.link._replace(logp=state.link.logp + logp)
        if symbol.region:
            link = link._replace(region=symbol.region)
            rest = (*self.regions[symbol.region][1:], self._close)
            return self._close_link(replace(state, forced=rest), link)
        first = self._piece_at[symbol.position]
        link = link._replace(first=first, stop=first + 1)
        return replace(state, phase=Phase.FILLER_REST, link=link)

    def _from_filler_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        link = state.link._replace(logp=state.link.logp + logp)
        if symbol.position >= 0:
            return replace(state, link=link._replace(stop=link.stop + 1))
        return self._close_link(state, link)

    def _close_link(self, state: State, link: Link) -> State:
        item = state.item._replace(links=(*state.item.links, link))
        return replace(state, phase=Phase.BODY, item=item, link=_NO_LINK)

    # Reading the source

    def _spell(self, label: Label) -> list[Symbol]:
        return [Symbol(self.source.ids[p], p) for p in range(label.start, label.stop)]

    def copy(self, pieces: PieceRange) -> tuple[Symbol, ...]:
        """The symbols that copy a range of pieces."""
        return tuple(self._pieces[pieces[0] : pieces[1]])

    def _usable_starts(self) -> list[int]:
        """Pieces that a span may begin with and that some piece behind them can end."""
        starts: list[int] = []
        can_close = False
        for i in reversed(range(len(self._pieces))):
            can_close = self._closes[i] or (self._next[i] and can_close)
            if can_close and self.source.pieces[i].opens:
                starts.append(i)
        return starts[::-1]

    def _span(self, first: int, stop: int) -> Span:
        pieces = self.source.pieces
        return Span.of(self.source.text, pieces[first].start, pieces[stop - 1].end)

    def _record(self, item: Item) -> Record:
        label = self.source.spots[item.spot].name if item.spot >= 0 else None
        span = self._span(item.first, item.stop) if item.first >= 0 else None
        asocs = tuple(
            Asoc(
                self.source.asocs[link.role].name,
                Region(link.region) if link.region else self._span(link.first, link.stop),
                exp(link.logp),
            )
            for link in item.links
        )
        return Record(label, span, asocs, exp(item.logp))


_MOVES = {
    Phase.ITEMS: Automaton._from_items,
    Phase.LABEL: Automaton._from_label,
    Phase.SPAN: Automaton._from_span,
    Phase.SPAN_REST: Automaton._from_span_rest,
    Phase.BODY: Automaton._from_body,
    Phase.ROLE: Automaton._from_role,
    Phase.FILLER: Automaton._from_filler,
    Phase.FILLER_REST: Automaton._from_filler_rest,
}


def _contiguous(source: Source) -> list[bool]:
    """For every piece whether the next piece is the next token too."""
    pieces = source.pieces
    return [
        i + 1 < len(pieces) and pieces[i + 1].position == pieces[i].position + 1
        for i in range(len(pieces))
    ]


def _index_of(labels: Sequence[Label], position: int) -> int:
    for index, label in enumerate(labels):
        if label.start == position:
            return index
    raise ValueError(f"no label begins at position {position}")
