"""The state of one answer while it is decoded: the options for the next token, the tokens so far.

The decoder scores the options, appends one, and repeats that until the answer is done.
`CopyDecodingState` is for weights with a copy head, which distinguish the occurrences of a token
in the source; `TokenDecodingState` is for those without; `FreeDecodingState` admits every token.
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
"""A token and its row in the copy keys, -1 for none."""


class DecodingState(Protocol):
    """The state of one answer."""

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""

    def options(self) -> Sequence[Option] | None:
        """Return the options for the next token, in a fixed order; None for the vocabulary."""

    def context(self) -> Context:
        """Return the context of the next choice."""

    def append(self, option: int, logp: float) -> int:
        """Append an option.

        Args:
            option: its index in `options`, or the token itself where these are None.
            logp: its log-probability.

        Returns:
            The token.
        """

    def records(self) -> tuple[Record, ...]:
        """Return the records of the finished items."""


class CopyDecodingState:
    """The state of an answer whose symbols contain the position that they copy."""

    def __init__(self, automaton: Automaton) -> None:
        self._automaton = automaton
        self._state = automaton.start()
        self._admitted = automaton.admitted(self._state)

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return not self._admitted

    def options(self) -> list[Option]:
        """Return tokens with their rows in the copy keys."""
        return [(symbol.token, symbol.place) for symbol in self._admitted]

    def context(self) -> Context:
        """Return the automaton's context."""
        return self._automaton.context(self._state)

    def append(self, option: int, logp: float) -> int:
        """Append an option and return its token."""
        symbol = self._admitted[option]
        self._state = self._automaton.advance(self._state, symbol, logp)
        self._admitted = self._automaton.admitted(self._state)
        return symbol.token

    def records(self) -> tuple[Record, ...]:
        """Return the records of the finished items."""
        return self._automaton.records(self._state)


class TokenDecodingState:
    """The state of an answer of bare tokens, which can have several readings."""

    def __init__(self, automaton: Automaton) -> None:
        self._frontier = Frontier.start(automaton)
        self._admitted = self._frontier.admitted()

    @property
    def done(self) -> bool:
        """Whether the answer is complete."""
        return self._frontier.done

    def options(self) -> list[Option]:
        """Return tokens without rows in the copy keys."""
        return [(token, -1) for token in self._admitted]

    def context(self) -> Context:
        """Return `PLAIN`: contexts need a copy head."""
        return PLAIN

    def append(self, option: int, logp: float) -> int:
        """Append an option and return its token."""
        token = self._admitted[option]
        self._frontier = self._frontier.advance(token, logp)
        self._admitted = self._frontier.admitted()
        return token

    def records(self) -> tuple[Record, ...]:
        """Return the records of the finished items, in the preferred reading."""
        return self._frontier.records()


MAX_FREE_TOKENS = 192
"""The most tokens of a free answer, as in the published evaluation (reference section 12)."""


class FreeDecodingState:
    """The state of an unconstrained answer.

    The answer is done at the end token, or at `MAX_FREE_TOKENS` where the weights do not generate
    one.

    Args:
        parser: reads records off the tokens.
        eos: the end token.
    """

    def __init__(self, parser: LenientParser, eos: int) -> None:
        self._parser, self._eos = parser, eos
        self._tokens: list[int] = []
        self._logps: list[float] = []

    @property
    def done(self) -> bool:
        """Whether the answer has its end token, or the most tokens."""
        return len(self._tokens) >= MAX_FREE_TOKENS or self._eos in self._tokens[-1:]

    def options(self) -> None:
        """Return None: every token of the vocabulary is an option."""

    def context(self) -> Context:
        """Return `PLAIN`: the whole vocabulary has no context."""
        return PLAIN

    def append(self, option: int, logp: float) -> int:
        """Append a token and return it."""
        self._tokens.append(option)
        self._logps.append(logp)
        return option

    def records(self) -> tuple[Record, ...]:
        """Return the records of the well-formed items; missing brackets are closed."""
        return self._parser.read(self._tokens, self._logps)
