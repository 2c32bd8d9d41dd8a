"""The automaton over bare token ids, for weights without a copy head.

One token can stand for several symbols: a word that occurs twice, two labels with a common
beginning. So a frontier keeps all readings of the ids so far. It drops a reading if a preferred
one, which copies from further left, allows every continuation that it allows. Otherwise a word
that occurs n times would lead to 2^n readings.
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
    """The readings of an answer so far, as states of the automaton, the preferred one first."""

    automaton: Automaton
    states: tuple[State, ...]

    @classmethod
    def start(cls, automaton: Automaton) -> Frontier:
        """Return the frontier before the first token."""
        return cls(automaton, (automaton.start(),))

    @property
    def done(self) -> bool:
        """Whether the answer is complete; all readings end with the same bracket."""
        return self.states[0].done

    def admitted(self) -> list[int]:
        """Return the admitted next token ids, without duplicates, in a fixed order."""
        tokens: dict[int, None] = {}
        for state in self.states:
            tokens.update(dict.fromkeys(s.token for s in self.automaton.admitted(state)))
        return list(tokens)

    def advance(self, token: int, logp: float = 0.0) -> Frontier:
        """Return the next frontier.

        Args:
            token: a token id.
            logp: its log-probability.

        Raises:
            ValueError: the token is not admitted.
        """
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
        """Return the records of the preferred reading."""
        return self.automaton.records(self.states[0])


def replay(automaton: Automaton, ids: Sequence[int]) -> tuple[Record, ...]:
    """Return the records of an answer.

    Args:
        automaton: the automaton of the prompt.
        ids: the tokens of the answer, start token excluded.

    Raises:
        ValueError: the automaton does not admit the answer.
    """
    frontier = Frontier.start(automaton)
    for token in ids:
        frontier = frontier.advance(token)
    return frontier.records()


@dataclass(frozen=True, slots=True)
class _Used:
    """What an ordered answer cannot use again: all before `last`, and `last` with `labels`."""

    last: _Place
    labels: frozenset[int]

    @classmethod
    def of(cls, last: _Place, chosen: Iterable[tuple[_Place, int]]) -> _Used:
        return cls(last, frozenset(label for place, label in chosen if place == last))

    def leaves_as_much(self, other: _Used) -> bool:
        if self.last == other.last:
            return self.labels <= other.labels
        return self.last < other.last


def _worth_keeping(states: Iterable[State], ordered: bool) -> tuple[State, ...]:
    """The states with a continuation that no state before them has."""
    kept: list[State] = []
    used_by: dict[Hashable, list[tuple[_Used, _Used]]] = {}
    for state in states:
        items, links = _used_up(state) if ordered else (_NOTHING, _NOTHING)
        rivals = used_by.setdefault(_position(state), [])
        if not any(i.leaves_as_much(items) and k.leaves_as_much(links) for i, k in rivals):
            rivals.append((items, links))
            kept.append(state)
    return tuple(kept)


def _position(state: State) -> Hashable:
    """The position of a state in the grammar and in the text, without what was chosen before."""
    item, link = state.item, state.link
    copied = {Phase.SPAN_REST: item.stop, Phase.FILLER_REST: link.stop}.get(state.phase)
    return (state.phase, state.forced, item.spot, bool(item.links), link.role, copied)


def _used_up(state: State) -> tuple[_Used, _Used]:
    """What the items have used, and what the last item's asocs have used.

    An item uses its span up to the end. The spans of two readings of the same tokens have the same
    length, so comparing their starts suffices.
    """
    items = [((0, item.first), item.spot) for item in state.items]
    links = [((link.region, link.first), link.role) for link in state.item.links]
    at_item = (0, state.item.first) if state.item.first >= 0 else _last(items)
    at_link = (0, state.link.first) if state.link.first >= 0 else _last(links)
    return _Used.of(at_item, items), _Used.of(at_link, links)


def _last(chosen: Sequence[tuple[_Place, int]]) -> _Place:
    return chosen[-1][0] if chosen else _NOTHING.last


_NOTHING = _Used((-1, -1), frozenset())
