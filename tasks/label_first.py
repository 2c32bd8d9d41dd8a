"""The published grammar (reference section 7): the label of an item first, then its span.

`( ) :` stand for the sentinels:

    target  = "(" item* ")" eos
    item    = "(" label ":" span  asoc* ")"      typed
            | "(" head            asoc  ")"      head of a pair
            | "(" label           asoc* ")"      bare
    asoc    = "(" role ":" (span | region | tail) ")"
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tasks.automaton import Automaton, index_of
from tasks.form import Opening
from tasks.state import NO_ITEM, NO_LINK, Link, Phase, State, Symbol


class LabelFirstAutomaton(Automaton):
    """The answers that the published grammar admits to one prompt; arguments as in `Automaton`."""

    def start(self) -> State:
        """Return the state before the first symbol."""
        if not self.form.single:
            return State(Phase.ITEMS, (self._open,))
        opening = (self._open, self._open)
        if self.head is not None and self.form.opening is Opening.HEAD:
            item = NO_ITEM._replace(first=self.head[0], stop=self.head[1])
            return State(Phase.ROLE, (*opening, *self.copy(self.head), self._open), item=item)
        return State(Phase.BODY, opening + tuple(self.spots[0]), item=NO_ITEM._replace(spot=0))

    # Choices

    def _choices(self, state: State) -> Iterator[Symbol]:
        phase = state.phase
        if phase is Phase.ITEMS:
            if self.spots and self._spans.has_start(self._first_start(state)):
                yield self._open
            yield self._close
        elif phase is Phase.LABEL:
            yield from (symbols[0] for symbols in self.spots)
        elif phase is Phase.SPAN:
            yield from self._spans.starts_from(self._first_start(state))
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
                yield from self._spans.starts_from(self._first_filler(state, state.link.role))
            yield from (self.regions[k][0] for k in self._regions_for(state, state.link.role))

    def _continuations(self, state: State) -> Iterator[Symbol]:
        in_filler = state.phase is Phase.FILLER_REST
        span = state.link if in_filler else state.item
        if self._spans.continues(span.first, span.stop):
            yield self._spans.symbols[span.stop]
        if self._spans.closes(span.first, span.stop):
            if not in_filler and self._open_roles(state):
                yield self._open
            yield self._close

    def _spans_may_follow(self, state: State) -> bool:
        """Whether the next filler may be a span: spans come before regions."""
        links = state.item.links
        return self._spans_fill and not (self.ordered and links and links[-1].region)

    def _first_filler(self, state: State, role: int) -> int:
        """The first piece with which a filler of `role` may start."""
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
        if self._spans_may_follow(state) and self._spans.has_start(self._first_filler(state, role)):
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
        first = self._spans.piece_of(symbol)
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
        first = self._spans.piece_of(symbol)
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


_MOVES = {
    Phase.ITEMS: LabelFirstAutomaton._from_items,
    Phase.LABEL: LabelFirstAutomaton._from_label,
    Phase.SPAN: LabelFirstAutomaton._from_span,
    Phase.SPAN_REST: LabelFirstAutomaton._from_span_rest,
    Phase.BODY: LabelFirstAutomaton._from_body,
    Phase.ROLE: LabelFirstAutomaton._from_role,
    Phase.FILLER: LabelFirstAutomaton._from_filler,
    Phase.FILLER_REST: LabelFirstAutomaton._from_filler_rest,
}
