"""The target grammar as an automaton: at every step, the symbols that an answer may go on with.

Grammar (reference section 7; `( ) :` stand for the sentinels):

    target  = "(" item* ")" eos
    item    = "(" label ":" span  asoc* ")"      typed
            | "(" head            asoc  ")"      head of a pair
            | "(" label           asoc* ")"      bare
    asoc    = "(" role ":" (span | region | tail) ")"

Labels and roles come from the source's schema, spans are contiguous pieces of its sentence with a
letter or a digit among them, regions those of the picture. A symbol says where it copies from, so
in symbol space every step has one reading; `tasks.frontier` runs the same automaton over bare token
ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import exp

from tasks.context import PLAIN, Context
from tasks.form import Filler, Form, Opening
from tasks.records import Asoc, Record, Region
from tasks.source import Label, Source
from tasks.source_spans import PieceRange, SourceSpans
from tasks.state import NO_ITEM, NO_LINK, Item, Link, Phase, State, Symbol
from tasks.tokenizer import MAX_REGIONS, Markers

__all__ = ["Automaton", "PieceRange", "State", "Symbol"]


class Automaton:
    """The admitted answers to one prompt.

    Args:
        source: the encoded prompt.
        form: the target's shape.
        markers: ids of the sentinels.
        regions: numbers of the regions that may be named, ascending.
        head, tail: piece ranges of the pair; head alone of a given mention or of the trigger that
            a bare item is about.
        ordered: items in text order without overlap, which bounds every answer's
            length; weights trained elsewhere need not follow that order.

    `spots`, `roles` and `regions` hold the symbols that spell each of them.

    Raises ValueError where form and arguments do not go together.
    """

    span_first = False

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
        self._passage = SourceSpans(source)
        self.spots = [self._spell(label) for label in source.spots]
        self.roles = [self._spell(label) for label in source.asocs]
        self.regions = {k: [Symbol(t, -1, k) for t in _region(markers, k)] for k in sorted(regions)}
        self.head, self.tail = head, tail
        self._spans_fill = Filler.SPAN in form.fillers
        self._regions_fill = Filler.REGION in form.fillers and bool(self.regions)
        self._check()

    def _check(self) -> None:
        opening = self.form.opening
        pair = opening is Opening.HEAD
        if pair != (self.tail is not None) or (pair and self.head is None):
            raise ValueError("the pair form, and no other, takes a head and a tail")
        if opening is Opening.GIVEN and (self.head is None or not self.spots):
            raise ValueError("a given mention needs its pieces and a label to choose")
        if opening is Opening.TYPED and self.head is not None:
            raise ValueError("typed items have no head")
        if opening is Opening.GIVEN and not self.span_first:
            raise ValueError("only the span-first order answers about given mentions")
        if pair and not self.roles:
            raise ValueError("a pair needs a relation to choose")
        if self.form.opening is Opening.BARE and not self.spots:
            raise ValueError("a bare item needs a label")

    def start(self) -> State:
        """The state before the first symbol."""
        if not self.form.single:
            return State(Phase.ITEMS, (self._open,))
        opening = (self._open, self._open)
        if self.head is not None and self.form.opening is Opening.HEAD:
            item = NO_ITEM._replace(first=self.head[0], stop=self.head[1])
            return State(Phase.ROLE, (*opening, *self.copy(self.head), self._open), item=item)
        return State(Phase.BODY, opening + tuple(self.spots[0]), item=NO_ITEM._replace(spot=0))

    def admitted(self, state: State) -> list[Symbol]:
        """The symbols that may come next, in a fixed order; empty only behind a complete answer."""
        if state.forced:
            return [state.forced[0]]
        return list(self._choices(state))

    def advance(self, state: State, symbol: Symbol, logp: float = 0.0) -> State:
        """The state after the admitted `symbol`, chosen with log-probability `logp`."""
        if state.forced:
            return state.after_forced(logp)
        return self._move(state, symbol, logp)

    def context(self, state: State) -> Context:
        """What the next choice is about: this order scores every choice alike."""
        return PLAIN

    def records(self, state: State) -> tuple[Record, ...]:
        """What the answer says so far, unfinished items left out."""
        return tuple(self._record(item) for item in state.items)

    def admits(self, pieces: PieceRange) -> bool:
        """Whether a span may run over a range of pieces, which opens and closes one."""
        return self._passage.admits(*pieces)

    def copy(self, pieces: PieceRange) -> tuple[Symbol, ...]:
        """The symbols that copy a range of pieces."""
        return self._passage.copy(pieces)

    # Choices

    def _choices(self, state: State) -> Iterator[Symbol]:
        phase = state.phase
        if phase is Phase.ITEMS:
            if self.spots and self._passage.has_start(self._first_start(state)):
                yield self._open
            yield self._close
        elif phase is Phase.LABEL:
            yield from (symbols[0] for symbols in self.spots)
        elif phase is Phase.SPAN:
            yield from self._passage.starts_from(self._first_start(state))
        elif phase in (Phase.SPAN_REST, Phase.FILLER_REST):
            yield from self._continuations(state)
        elif phase is Phase.BODY:
            if self._open_roles(state):
                yield self._open
            yield self._close
        elif phase is Phase.ROLE:
            yield from (self.roles[i][0] for i in self._open_roles(state))
        elif phase is Phase.FILLER:
            if self._spans_may_follow(state):
                yield from self._passage.starts_from(self._first_filler(state, state.link.role))
            yield from (self.regions[k][0] for k in self._regions_for(state, state.link.role))

    def _continuations(self, state: State) -> Iterator[Symbol]:
        in_filler = state.phase is Phase.FILLER_REST
        span = state.link if in_filler else state.item
        if self._passage.goes_on(span.first, span.stop):
            yield self._passage.symbols[span.stop]
        if self._passage.closes(span.first, span.stop):
            if not in_filler and self._open_roles(state):
                yield self._open
            yield self._close

    def _first_start(self, state: State) -> int:
        """The first piece that the next item's span may begin with."""
        return state.items[-1].stop if self.ordered and state.items else 0

    def _spans_may_follow(self, state: State) -> bool:
        """Whether the next filler may be a span: regions come behind spans."""
        links = state.item.links
        return self._spans_fill and not (self.ordered and links and links[-1].region)

    def _first_filler(self, state: State, role: int) -> int:
        """The first piece that a filler of `role` may begin with."""
        links = state.item.links
        if not self.ordered or not links:
            return 0
        last = links[-1].first
        return last + any(link.role == role and link.first == last for link in links)

    def _regions_for(self, state: State, role: int) -> Iterable[int]:
        """The regions that may fill `role`."""
        links = state.item.links
        if not self._regions_fill:
            return ()
        if not self.ordered or not links:
            return self.regions
        last = links[-1].region
        taken = last > 0 and any(link.role == role and link.region == last for link in links)
        return [k for k in self.regions if k >= last + taken]

    def _open_roles(self, state: State) -> list[int]:
        if self.form.one_asoc and state.item.links:
            return []
        if self.tail is not None:
            return list(range(len(self.roles)))
        return [i for i in range(len(self.roles)) if self._role_is_open(state, i)]

    def _role_is_open(self, state: State, role: int) -> bool:
        if self._spans_may_follow(state) and self._passage.has_start(
            self._first_filler(state, role)
        ):
            return True
        return any(True for _ in self._regions_for(state, role))

    # Moves

    def _move(self, state: State, symbol: Symbol, logp: float) -> State:
        return _MOVES[state.phase](self, state, symbol, logp)

    def _from_items(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol == self._close:
            return replace(state, phase=Phase.DONE, forced=(Symbol(self.markers.eos),))
        return replace(state, phase=Phase.LABEL, item=NO_ITEM._replace(logp=logp))

    def _from_label(self, state: State, symbol: Symbol, logp: float) -> State:
        spot = index_of(self.source.spots, symbol.position)
        item = state.item._replace(spot=spot, logp=state.item.logp + logp)
        return replace(
            state, phase=Phase.SPAN, forced=(*self.spots[spot][1:], self._colon), item=item
        )

    def _from_span(self, state: State, symbol: Symbol, logp: float) -> State:
        first = self._passage.piece_of(symbol)
        item = state.item._replace(first=first, stop=first + 1, logp=state.item.logp + logp)
        return replace(state, phase=Phase.SPAN_REST, item=item)

    def _from_span_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        item = state.item.with_logp(logp)
        if symbol.position >= 0:
            return replace(state, item=item._replace(stop=item.stop + 1))
        return self._from_body(replace(state, item=item), symbol, 0.0)

    def _from_body(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol == self._open:
            return replace(state, phase=Phase.ROLE, link=NO_LINK._replace(logp=logp))
        items = (*state.items, state.item)
        if self.form.single:
            ending = (self._close, Symbol(self.markers.eos))
            return State(Phase.DONE, ending, items)
        return State(Phase.ITEMS, (), items)

    def _from_role(self, state: State, symbol: Symbol, logp: float) -> State:
        role = index_of(self.source.asocs, symbol.position)
        link = state.link._replace(role=role, logp=state.link.logp + logp)
        rest = (*self.roles[role][1:], self._colon)
        if self.tail is None:
            return replace(state, phase=Phase.FILLER, forced=rest, link=link)
        link = link._replace(first=self.tail[0], stop=self.tail[1])
        item = state.item._replace(links=(link,))
        ending = (self._close, self._close, self._close, Symbol(self.markers.eos))
        return State(Phase.DONE, (*rest, *self.copy(self.tail), *ending), (item,))

    def _from_filler(self, state: State, symbol: Symbol, logp: float) -> State:
        link = state.link.with_logp(logp)
        if symbol.region:
            link = link._replace(region=symbol.region)
            rest = (*self.regions[symbol.region][1:], self._close)
            return self._close_link(replace(state, forced=rest), link)
        first = self._passage.piece_of(symbol)
        link = link._replace(first=first, stop=first + 1)
        return replace(state, phase=Phase.FILLER_REST, link=link)

    def _from_filler_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        link = state.link.with_logp(logp)
        if symbol.position >= 0:
            return replace(state, link=link._replace(stop=link.stop + 1))
        return self._close_link(state, link)

    def _close_link(self, state: State, link: Link) -> State:
        item = state.item._replace(links=(*state.item.links, link))
        return replace(state, phase=Phase.BODY, item=item, link=NO_LINK)

    # Reading the source

    def _spell(self, label: Label) -> list[Symbol]:
        return [Symbol(self.source.ids[p], p) for p in range(label.start, label.stop)]

    def _record(self, item: Item) -> Record:
        label = self.source.spots[item.spot].name if item.spot >= 0 else None
        named = item.first >= 0 and self.form.opening is not Opening.BARE
        span = self._passage.span(item.first, item.stop) if named else None
        asocs = tuple(
            Asoc(
                self.source.asocs[link.role].name,
                Region(link.region) if link.region else self._passage.span(link.first, link.stop),
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


def _region(markers: Markers, number: int) -> tuple[int, ...]:
    if not 1 <= number <= MAX_REGIONS:
        raise ValueError(f"there is no region O{number}")
    return markers.regions[number - 1]


def index_of(labels: Sequence[Label], position: int) -> int:
    """The label that begins at a source position; ValueError where none does."""
    for index, label in enumerate(labels):
        if label.start == position:
            return index
    raise ValueError(f"no label begins at position {position}")
