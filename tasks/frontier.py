"""The automaton over bare token ids, for decoders that cannot say where a token is copied from.

One token can be several symbols (a word that occurs twice, two labels that begin alike), so a
frontier keeps the readings that the ids so far leave open. A reading is dropped where one before
it, which copies from further left, can go on in every way that it can: a word that occurs n times
could else be read in 2^n ways.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from tasks.automaton import Automaton, State
from tasks.records import Record
from tasks.state import Phase

_Place = tuple[int, int]


@dataclass(frozen=True)
class Frontier:
    """The readings of an answer so far, the preferred one first."""

    automaton: Automaton
    states: tuple[State, ...]

    @classmethod
    def start(cls, automaton: Automaton) -> Frontier:
        """The frontier before the first token."""
        return cls(automaton, (automaton.start(),))

    @property
    def done(self) -> bool:
        """Whether the answer is complete: all readings end with the same bracket."""
        return self.states[0].done

    def admitted(self) -> list[int]:
        """The token ids that may come next, each once, in a fixed order."""
        tokens: dict[int, None] = {}
        for state in self.states:
            tokens.update(dict.fromkeys(s.token for s in self.automaton.admitted(state)))
        return list(tokens)

    def advance(self, token: int, logp: float = 0.0) -> Frontier:
        """The frontier after `token`; ValueError if it is not admitted."""
        states = tuple(
            self.automaton.advance(state, symbol, logp)
            for state in self.states
            for symbol in self.automaton.admitted(state)
            if symbol.token == token
        )
        if not states:
            raise ValueError(f"token {token} is not admitted")
        return Frontier(self.automaton, _worth_keeping(states, self.automaton.ordered))

    def records(self) -> tuple[Record, ...]:
        """What the preferred reading says."""
        return self.automaton.records(self.states[0])


def replay(automaton: Automaton, ids: Sequence[int]) -> tuple[Record, ...]:
    """The records that `ids`, without start token, spell; ValueError where they are no answer."""
    frontier = Frontier.start(automaton)
    for token in ids:
        frontier = frontier.advance(token)
    return frontier.records()


@dataclass(frozen=True, slots=True)
class _Used:
    """What an ordered answer has used up: all before `last`, and `last` itself for `taken`."""

    last: _Place
    taken: frozenset[int]

    @classmethod
    def of(cls, last: _Place, said: Iterable[tuple[_Place, int]]) -> _Used:
        return cls(last, frozenset(label for place, label in said if place == last))

    def leaves_more(self, other: _Used) -> bool:
        if self.last == other.last:
            return self.taken <= other.taken
        return self.last < other.last


def _worth_keeping(states: Iterable[State], ordered: bool) -> tuple[State, ...]:
    """The states that can go on in some way that no state before them can."""
    kept: list[State] = []
    used_by: dict[Hashable, list[tuple[_Used, _Used]]] = {}
    for state in states:
        items, links = _used_up(state) if ordered else (_NOTHING, _NOTHING)
        rivals = used_by.setdefault(_position(state), [])
        if not any(i.leaves_more(items) and k.leaves_more(links) for i, k in rivals):
            rivals.append((items, links))
            kept.append(state)
    return tuple(kept)


def _position(state: State) -> Hashable:
    """Where in the grammar and in the sentence a state stands, whatever was said before."""
    item, link = state.item, state.link
    copied = {Phase.SPAN_REST: item.stop, Phase.FILLER_REST: link.stop}.get(state.phase)
    return (state.phase, state.forced, item.spot, bool(item.links), link.role, copied)


def _used_up(state: State) -> tuple[_Used, _Used]:
    """What is used up by items, and by the last item's asocs.

    An item's span is used up to its end; between readings of the same tokens, whose spans are of
    one length, its beginning says as much.
    """
    items = [((0, item.first), item.spot) for item in state.items]
    links = [((link.region, link.first), link.role) for link in state.item.links]
    at_item = (0, state.item.first) if state.item.first >= 0 else _last(items)
    at_link = (0, state.link.first) if state.link.first >= 0 else _last(links)
    return _Used.of(at_item, items), _Used.of(at_link, links)


def _last(said: Sequence[tuple[_Place, int]]) -> _Place:
    return said[-1][0] if said else _NOTHING.last


_NOTHING = _Used((-1, -1), frozenset())
