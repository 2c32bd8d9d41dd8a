"""The grammar of the project's own weights: a span first, then its type; a filler, then its role.

    target  = "(" item* ")" eos
    item    = span ":" label asoc* ")"           typed
            | head  role                         a pair, the tail being known
            | head ":" label asoc*               a mention that is given
            | label asoc* ")"                    bare, about a given trigger
    asoc    = (span | region) ":" role

Items and fillers follow the order of the text. So the start of the next span is a scan: the model
takes or skips each position, and the answer ends when it skips all. A type is chosen after its
span, so the network scores it with the states of that span (`tasks.context`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tasks.automaton import Automaton, index_of
from tasks.context import Context, Kind
from tasks.form import Opening
from tasks.records import MAX_REGIONS
from tasks.state import NO_ITEM, NO_LINK, Item, Link, Phase, State, Symbol


class SpanFirstAutomaton(Automaton):
    """The answers that the span-first grammar admits to one prompt; arguments as in `Automaton`.

    Answers are always ordered. The `head` of a bare item is its trigger, if that is known.
    """

    span_first = True

    def start(self) -> State:
        """Return the state before the first symbol."""
        opening = self.form.opening
        if opening is Opening.TYPED:
            return State(Phase.ITEMS, (self._open,))
        item = NO_ITEM
        if self.head is not None:
            item = item._replace(first=self.head[0], stop=self.head[1])
        if opening is Opening.BARE:
            label = tuple(self.spots[0])
            return State(Phase.BODY, (self._open, *label), item=item._replace(spot=0))
        assert self.head is not None
        forced = (self._open, *self.copy(self.head))
        if opening is Opening.HEAD:
            return State(Phase.ROLE, forced, item=item)
        return State(Phase.LABEL, (*forced, self._colon), item=item)

    def context(self, state: State) -> Context:
        """Return the context of the next choice."""
        if state.forced:
            return Context(Kind.PLAIN)
        first, last = self._places(state.item)
        if state.phase is Phase.ITEMS:
            return Context(Kind.ITEM, scanned=len(self._item_starts(state)))
        if state.phase is Phase.SPAN_REST:
            return Context(Kind.SPAN_END, first, last)
        if state.phase is Phase.LABEL:
            return Context(Kind.LABEL, first, last)
        if state.phase is Phase.BODY:
            return Context(Kind.FILLER, first, last, scanned=len(self._filler_starts(state)))
        kind = Kind.FILLER_END if state.phase is Phase.FILLER_REST else Kind.ROLE
        return Context(kind, first, last, *self._other_places(state))

    # Choices

    def _choices(self, state: State) -> Iterator[Symbol]:
        phase = state.phase
        if phase is Phase.ITEMS:
            yield from self._item_starts(state)
            yield self._close
        elif phase in (Phase.SPAN_REST, Phase.FILLER_REST):
            yield from self._continuations(state)
        elif phase is Phase.LABEL:
            yield from (symbols[0] for symbols in self.spots)
        elif phase is Phase.BODY:
            yield from self._filler_starts(state)
            yield from (self.regions[k][0] for k in self._open_regions(state))
            yield self._close
        elif phase is Phase.ROLE:
            yield from (symbols[0] for symbols in self.roles)

    def _continuations(self, state: State) -> Iterator[Symbol]:
        span = state.link if state.phase is Phase.FILLER_REST else state.item
        if self._spans.continues(span.first, span.stop):
            yield self._spans.symbols[span.stop]
        if self._spans.closes(span.first, span.stop):
            yield self._colon

    def _item_starts(self, state: State) -> list[Symbol]:
        if not self.spots:
            return []
        return self._spans.starts_from(self._first_start(state))

    def _filler_starts(self, state: State) -> list[Symbol]:
        links = state.item.links
        if not self.roles or not self._spans_fill or self._full(state):
            return []
        if links and links[-1].region:
            return []
        return self._spans.starts_from(links[-1].first + 1 if links else 0)

    def _open_regions(self, state: State) -> list[int]:
        links = state.item.links
        if not self.roles or not self._regions_fill or self._full(state):
            return []
        return [k for k in self.regions if k > (links[-1].region if links else 0)]

    def _full(self, state: State) -> bool:
        return self.form.one_asoc and bool(state.item.links)

    # Moves

    def _move(self, state: State, symbol: Symbol, logp: float) -> State:
        return _MOVES[state.phase](self, state, symbol, logp)

    def _from_items(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol == self._close:
            return replace(state, phase=Phase.DONE, forced=(Symbol(self.markers.eos),))
        first = self._spans.piece_of(symbol)
        item = NO_ITEM._replace(first=first, stop=first + 1, logp=logp)
        return replace(state, phase=Phase.SPAN_REST, item=item)

    def _from_span_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        item = state.item.with_logp(logp)
        if symbol.position >= 0:
            return replace(state, item=item._replace(stop=item.stop + 1))
        return replace(state, phase=Phase.LABEL, item=item)

    def _from_label(self, state: State, symbol: Symbol, logp: float) -> State:
        spot = index_of(self.source.spots, symbol.position)
        item = state.item._replace(spot=spot, logp=state.item.logp + logp)
        return replace(state, phase=Phase.BODY, forced=tuple(self.spots[spot][1:]), item=item)

    def _from_body(self, state: State, symbol: Symbol, logp: float) -> State:
        if symbol.region:
            link = NO_LINK._replace(region=symbol.region, logp=logp)
            rest = (*self.regions[symbol.region][1:], self._colon)
            return replace(state, phase=Phase.ROLE, forced=rest, link=link)
        if symbol.position >= 0:
            first = self._spans.piece_of(symbol)
            link = NO_LINK._replace(first=first, stop=first + 1, logp=logp)
            return replace(state, phase=Phase.FILLER_REST, link=link)
        items = (*state.items, state.item)
        if self.form.single:
            return State(Phase.DONE, (Symbol(self.markers.eos),), items)
        return State(Phase.ITEMS, (), items)

    def _from_filler_rest(self, state: State, symbol: Symbol, logp: float) -> State:
        link = state.link.with_logp(logp)
        if symbol.position >= 0:
            return replace(state, link=link._replace(stop=link.stop + 1))
        return replace(state, phase=Phase.ROLE, link=link)

    def _from_role(self, state: State, symbol: Symbol, logp: float) -> State:
        role = index_of(self.source.asocs, symbol.position)
        link = state.link._replace(role=role, logp=state.link.logp + logp)
        rest = tuple(self.roles[role][1:])
        if self.tail is None:
            item = state.item._replace(links=(*state.item.links, link))
            return replace(state, phase=Phase.BODY, forced=rest, item=item, link=NO_LINK)
        link = link._replace(first=self.tail[0], stop=self.tail[1])
        item = state.item._replace(links=(link,))
        ending = (self._close, Symbol(self.markers.eos))
        return State(Phase.DONE, (*rest, *self.copy(self.tail), *ending), (item,))

    # Places

    def _places(self, span: Item | Link) -> tuple[int, int]:
        if span.first < 0:
            return -1, -1
        pieces = self.source.pieces
        first, last = pieces[span.first].position, pieces[span.stop - 1].position
        return MAX_REGIONS + first, MAX_REGIONS + last

    def _other_places(self, state: State) -> tuple[int, int]:
        if self.tail is not None:
            return self._places(NO_LINK._replace(first=self.tail[0], stop=self.tail[1]))
        if state.link.region:
            return state.link.region - 1, state.link.region - 1
        return self._places(state.link)


_MOVES = {
    Phase.ITEMS: SpanFirstAutomaton._from_items,
    Phase.SPAN_REST: SpanFirstAutomaton._from_span_rest,
    Phase.LABEL: SpanFirstAutomaton._from_label,
    Phase.BODY: SpanFirstAutomaton._from_body,
    Phase.FILLER_REST: SpanFirstAutomaton._from_filler_rest,
    Phase.ROLE: SpanFirstAutomaton._from_role,
}
