"""Answers in the making, one interface for whoever decodes: what may be said next, what was said.

A decoder asks for the options, scores them, says one, and goes on until the answer is done.
`CopyDecodingState` is for weights with a copy head, which can tell the places of one token apart;
`TokenDecodingState` for those without; `FreeDecodingState` admits everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tasks.automaton import Automaton
from tasks.context import PLAIN, Context
from tasks.frontier import Frontier
from tasks.lenient_parser import LenientParser
from tasks.records import Record

Option = tuple[int, int]
"""A token and its place among a copy head's keys, -1 for none."""


class DecodingState(Protocol):
    """One answer."""

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""

    def options(self) -> Sequence[Option] | None:
        """What may be said next, in a fixed order; None for any token of the vocabulary."""

    def context(self) -> Context:
        """What the next choice is about."""

    def say(self, option: int, logp: float) -> int:
        """Go on with an option, by its number, of this log-probability; the token it says.

        Where there are no options to count, `option` is the token itself.
        """

    def records(self) -> tuple[Record, ...]:
        """What the answer says so far, unfinished items left out."""


class CopyDecodingState:
    """An answer of symbols that say where they copy from."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._state = automaton.start()
        self._admitted = automaton.admitted(self._state)

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return not self._admitted

    def options(self) -> list[Option]:
        """Tokens with their places."""
        return [(symbol.token, symbol.place) for symbol in self._admitted]

    def context(self) -> Context:
        """What the automaton asks."""
        return self._automaton.context(self._state)

    def say(self, option: int, logp: float) -> int:
        """Go on with an option."""
        symbol = self._admitted[option]
        self._state = self._automaton.advance(self._state, symbol, logp)
        self._admitted = self._automaton.admitted(self._state)
        return symbol.token

    def records(self) -> tuple[Record, ...]:
        """The finished items."""
        return self._automaton.records(self._state)


class TokenDecodingState:
    """An answer of bare tokens, which can have several readings until more is said."""

    def __init__(self, automaton: Automaton) -> None:
        self._frontier = Frontier.start(automaton)
        self._admitted = self._frontier.admitted()

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self._frontier.done

    def options(self) -> list[Option]:
        """Tokens without places."""
        return [(token, -1) for token in self._admitted]

    def context(self) -> Context:
        """Nothing: places are what contexts are about."""
        return PLAIN

    def say(self, option: int, logp: float) -> int:
        """Go on with an option."""
        token = self._admitted[option]
        self._frontier = self._frontier.advance(token, logp)
        self._admitted = self._frontier.admitted()
        return token

    def records(self) -> tuple[Record, ...]:
        """The finished items of the preferred reading."""
        return self._frontier.records()


MOST_FREE = 192
"""Tokens of a free answer: what the published code's evaluation admits (reference section 12)."""


class FreeDecodingState:
    """An answer of any tokens; what can be read of it are its records.

    It ends with the end token or after `MOST_FREE`: without a grammar nothing else ends weights
    that have not learned to.
    """

    def __init__(self, parser: LenientParser, eos: int) -> None:
        self._salvage, self._eos = parser, eos
        self._said: list[int] = []
        self._logps: list[float] = []

    @property
    def done(self) -> bool:
        """Whether the end token was said, or too much."""
        return len(self._said) >= MOST_FREE or self._eos in self._said[-1:]

    def options(self) -> None:
        """Any token."""

    def context(self) -> Context:
        """Nothing in particular."""
        return PLAIN

    def say(self, option: int, logp: float) -> int:
        """Go on with a token."""
        self._said.append(option)
        self._logps.append(logp)
        return option

    def records(self) -> tuple[Record, ...]:
        """The sound items, closed where their brackets are not."""
        return self._salvage.read(self._said, self._logps)
