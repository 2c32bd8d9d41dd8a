"""The automaton over bare token ids, for decoders that cannot say where a token is copied from.

One token can be several symbols (a word that occurs twice, two labels that begin alike), so a frontier
keeps every reading that the ids so far leave open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.automaton import Automaton, State
from tasks.records import Record


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
        """Whether some reading is complete."""
        return any(state.done for state in self.states)

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
        return Frontier(self.automaton, _distinct(states))

    def records(self) -> tuple[Record, ...]:
        """What the preferred reading says; a complete one is preferred."""
        complete = [state for state in self.states if state.done]
        return self.automaton.records((complete or list(self.states))[0])


def replay(automaton: Automaton, ids: Sequence[int]) -> tuple[Record, ...]:
    """The records that `ids` spell, without start token; ValueError where they leave the grammar."""
    frontier = Frontier.start(automaton)
    for token in ids:
        frontier = frontier.advance(token)
    return frontier.records()


def _distinct(states: tuple[State, ...]) -> tuple[State, ...]:
    return tuple(dict.fromkeys(states))
