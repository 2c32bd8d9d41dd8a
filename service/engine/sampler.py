"""Greedy decoding of many answers at once, each at its own place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from models.candidates import choose
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.cuda_graphs import GraphRecorder
from service.engine.kv_slots import KVCacheSlots
from service.engine.streams import NO_LOCK
from tasks.decoding_state import DecodingState, Option

_AT_ONCE = 8
"""Decided tokens of an answer that the decoder reads in one step; more would hold up others."""


class TargetSequence:
    """One answer in the making.

    Where only one token may follow there is nothing to ask: it is decided. `pending` holds tokens
    that are decided but not yet read by the decoder, `options` what may follow them. Where all that
    is left is decided the sequence has done, without reading it. `failure` is what it died of.
    """

    def __init__(self, state: DecodingState, start: int) -> None:
        self.state = state
        self.said: list[int] = []
        self.pending = [start]
        self.read = 0
        self.failure: Exception | None = None
        self.options = self._append_decided()

    def say(self, option: int, logp: float) -> None:
        """Go on with an option, and with whatever is decided behind it."""
        self._append(option, logp)
        self.options = self._append_decided()

    def next(self, most: int) -> list[int]:
        """The tokens to read now, of `most` in all."""
        count = min(_AT_ONCE, most - self.read)
        told, self.pending = self.pending[:count], self.pending[count:]
        self.read += len(told)
        return told

    def _append_decided(self) -> Sequence[Option] | None:
        while (options := self.state.options()) is not None and len(options) == 1:
            self._append(0, 0.0)
        return options

    def _append(self, option: int, logp: float) -> None:
        token = self.state.say(option, logp)
        self.said.append(token)
        self.pending.append(token)


class BatchDecoder:
    """Answers that begin and end whenever they do; all go on together, a step at a time.

    Args:
        decoder: in evaluation mode.
        slots: how many answers at once.
        steps: how many tokens of an answer; a longer one ends there, and its last, unfinished item
            is not among its records.
        length: how many tokens of a prompt.
        observe: hears how many slots each step has.
        record: how steps are recorded, if they are.
        wait: waits until the memory of what begins has been read.
        lock: keeps recordings apart from other threads' work on the device.
    """

    def __init__(
        self,
        decoder: TargetDecoder,
        slots: int,
        steps: int,
        length: int,
        observe: Callable[[int], None] = lambda _: None,
        record: GraphRecorder | None = None,
        wait: Callable[[], None] = lambda: None,
        lock: AbstractContextManager[object] = NO_LOCK,
    ) -> None:
        self._slots = KVCacheSlots(decoder, slots, steps, length, record, wait, lock)
        self._steps, self._observe = steps, observe
        self._sequences: list[TargetSequence] = []

    @property
    def free(self) -> int:
        """How many sequences may yet begin."""
        return self._slots.free

    @property
    def running(self) -> int:
        """How many sequences have not ended."""
        return len(self._sequences)

    @property
    def consistent(self) -> bool:
        """Whether every slot in use has its sequence, and every sequence its slot."""
        return self._slots.consistent and self._slots.used == len(self._sequences)

    @torch.inference_mode()
    def capture(self) -> None:
        """Record steps, before anybody speaks."""
        self._slots.capture()

    @torch.inference_mode()
    def begin(
        self, sequences: Sequence[TargetSequence], memory: Memory, lengths: Sequence[int]
    ) -> None:
        """Let sequences that are not done speak, of prompts so long; row by row of `memory`."""
        rows = [row for row, sequence in enumerate(sequences) if not sequence.state.done]
        if rows:
            self._slots.fill(memory, rows, [lengths[row] for row in rows])
            self._sequences += [sequences[row] for row in rows]

    @torch.inference_mode()
    def step(self) -> list[TargetSequence]:
        """Let everybody go on to the next choice, at the most; the sequences that ended with it."""
        self._observe(len(self._sequences))
        states = self._slots.step([sequence.next(self._steps) for sequence in self._sequences])
        asked = [slot for slot, sequence in enumerate(self._sequences) if not sequence.pending]
        if asked:
            self._ask(asked, states)
        ended = [sequence for sequence in self._sequences if self._has_ended(sequence)]
        for sequence in ended:
            self.drop(sequence, wipe=sequence.failure is not None)
        return ended

    def reset(self) -> None:
        """Let nobody speak any more, whatever state the device is in."""
        self._sequences = []
        self._slots.reset()

    @torch.inference_mode()
    def drop(self, sequence: TargetSequence, *, wipe: bool = True) -> None:
        """Let a sequence speak no more."""
        slot = self._sequences.index(sequence)
        self._slots.release(slot, wipe=wipe)
        last = self._sequences.pop()
        if slot < len(self._sequences):
            self._sequences[slot] = last

    def _has_ended(self, sequence: TargetSequence) -> bool:
        return bool(sequence.failure) or sequence.state.done or sequence.read >= self._steps

    def _ask(self, asked: Sequence[int], states: Tensor) -> None:
        options = {slot: self._sequences[slot].options for slot in asked}
        bound = {slot: some for slot, some in options.items() if some is not None}
        free = [slot for slot, some in options.items() if some is None]
        if bound:
            slots = list(bound)
            contexts = [self._sequences[slot].state.context() for slot in slots]
            logits = self._slots.score(slots, states[slots], list(bound.values()), contexts)
            self._say(slots, logits)
        if free:
            self._say(free, self._slots.score_all(states[free]))

    def _say(self, slots: Sequence[int], logits: Tensor) -> None:
        column, logp = choose(logits)
        for slot, option, score in zip(slots, column.tolist(), logp.tolist(), strict=True):
            sequence = self._sequences[slot]
            try:
                if math.isnan(score):
                    raise ArithmeticError("the model's scores are no numbers")
                sequence.say(option, score)
            except Exception as error:
                sequence.failure = error
