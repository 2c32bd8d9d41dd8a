"""Greedy constrained decoding of a batch: one automaton a row, scores for admitted symbols only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.candidates import candidate_logits, lay_out
from models.decoder import Cache
from models.t5 import padding_bias
from models.target_decoder import TargetDecoder
from models.umie import Memory
from tasks.automaton import Automaton, State, Symbol

_FIRST_STEPS = 48
"""Steps that a cache is made for at first; it doubles when an answer is longer."""


@dataclass
class Voice:
    """One row's answer in the making.

    `pending` holds tokens that are decided but not yet read by the decoder: where only one symbol
    is admitted there is nothing to ask, and where the rest of an answer is forced the row is done.
    """

    automaton: Automaton
    row: int
    state: State
    pending: deque[int]
    said: list[int] = field(default_factory=list)
    place: int = 0

    @classmethod
    def begin(cls, automaton: Automaton, row: int) -> Voice:
        """The voice of batch row `row`, before its first symbol."""
        voice = cls(automaton, row, automaton.start(), deque([automaton.markers.start]))
        voice._say_forced()
        return voice

    def say(self, symbol: Symbol, logp: float) -> None:
        """Go on with `symbol`, and with whatever is forced behind it."""
        self._append(symbol, logp)
        self._say_forced()

    def _say_forced(self) -> None:
        while len(admitted := self.automaton.admitted(self.state)) == 1:
            self._append(admitted[0], 0.0)

    def _append(self, symbol: Symbol, logp: float) -> None:
        self.state = self.automaton.advance(self.state, symbol, logp)
        self.said.append(symbol.token)
        self.pending.append(symbol.token)


class Speaker:
    """Answers batches of prompts, greedily; `observe` hears how many slots each step has."""

    def __init__(
        self,
        decoder: TargetDecoder,
        max_steps: int,
        observe: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._decoder, self._max_steps, self._observe = decoder, max_steps, observe

    @torch.inference_mode()
    def answer(self, automata: Sequence[Automaton], memory: Memory, mask: Tensor) -> list[Voice]:
        """The finished voices of a batch, in order.

        An answer longer than `max_steps` ends there; its last, unfinished item is not among its
        records.

        Args:
            automata: B of them.
            memory: of the batch.
            mask: (B, L) of its prompts.
        """
        voices = [Voice.begin(automaton, row) for row, automaton in enumerate(automata)]
        active = [voice for voice in voices if not voice.state.done]
        slots = _Slots(self._decoder, memory, mask, active)
        while active:
            self._observe(len(active))
            states = slots.read([voice.pending.popleft() for voice in active])
            asked = [i for i, voice in enumerate(active) if not voice.pending]
            if asked:
                self._ask([active[i] for i in asked], states[asked], memory.copy_keys)
            for voice in active:
                voice.place += 1
            going = [
                i
                for i, voice in enumerate(active)
                if not voice.state.done and voice.place < self._max_steps
            ]
            if len(going) < len(active):
                active = [active[i] for i in going]
                slots.keep(going)
        return voices

    def _ask(self, voices: list[Voice], states: Tensor, copy_keys: Tensor | None) -> None:
        admitted = [voice.automaton.admitted(voice.state) for voice in voices]
        candidates = lay_out(
            [[(symbol.token, symbol.place) for symbol in symbols] for symbols in admitted],
            [voice.row for voice in voices],
        )
        logits = candidate_logits(self._decoder, states, copy_keys, candidates)
        best, column = torch.log_softmax(logits, dim=-1).max(-1)
        for voice, symbols, i, logp in zip(
            voices, admitted, column.tolist(), best.tolist(), strict=True
        ):
            voice.say(symbols[i], logp)


class _Slots:
    """The decoder's cache and memory for the rows that still speak."""

    def __init__(
        self, decoder: TargetDecoder, memory: Memory, mask: Tensor, voices: list[Voice]
    ) -> None:
        self._decoder = decoder
        rows = [voice.row for voice in voices]
        self._cross = memory.cross[:, :, rows]
        self._bias = padding_bias(mask[rows])
        self._cache = Cache(decoder.config, len(rows), _FIRST_STEPS, device=mask.device)
        self._place = 0

    def read(self, tokens: list[int]) -> Tensor:
        """The states (B, d) after each slot's next token."""
        if self._place == self._cache.steps:
            self._cache.grow()
        places = torch.full((len(tokens),), self._place)
        embedded = self._decoder.shared(torch.tensor(tokens))
        self._place += 1
        return self._decoder.decoder.step(embedded, places, self._cache, self._cross, self._bias)

    def keep(self, slots: list[int]) -> None:
        """Go on with some of the slots only."""
        self._cross, self._bias = self._cross[:, :, slots], self._bias[slots]
        self._cache.keep(slots)
