"""Continuous batching: greedy decoding of many sequences, each at its own position."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

import torch
from torch import Tensor

from models.candidates import choose
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.cuda_graphs import GraphRecorder
from service.engine.device import NO_LOCK
from service.engine.kv_slots import KVCacheSlots
from tasks.context import Kind
from tasks.decoding_state import DecodingState, Option

_MAX_TOKENS_PER_STEP = 8
"""Forced tokens of one sequence that a step reads; more would delay the other sequences."""


class Decision(NamedTuple):
    """A choice between several options: its kind, and the probability of each in their order."""

    kind: Kind
    probabilities: tuple[float, ...]


class TargetSequence:
    """One sequence that is being decoded.

    A token that is the only option is forced: it is appended without a decoder step. A sequence
    whose remaining tokens are all forced is complete, and the decoder does not read them.

    Attributes:
        state: the decoding state, which defines the next options.
        tokens: the generated tokens, start token excluded.
        pending: tokens that the decoder has not read yet.
        read: how many tokens the decoder has read, start token included.
        options: the options for the next token; None for the whole vocabulary.
        failure: the error with which decoding failed.
        decisions: the choices so far; empty unless they are kept.

    Args:
        state: the decoding state before the first token.
        start: the start token.
        keep: whether to keep `decisions`.
    """

    def __init__(
        self,
        state: DecodingState,
        start: int,
        *,
        keep: bool = False,
    ) -> None:
        self.state = state
        self.decisions: list[Decision] = []
        self.keep = keep
        self.tokens: list[int] = []
        self.pending = [start]
        self.read = 0
        self.failure: Exception | None = None
        self.options = self._append_forced()

    def append(self, option: int, logp: float) -> None:
        """Append the token of an option, and the forced tokens that follow it.

        Args:
            option: the option's index, or the token itself where `options` is None.
            logp: its log-probability.
        """
        self._append(option, logp)
        self.options = self._append_forced()

    def take_pending(self, limit: int) -> list[int]:
        """Remove and return the tokens that the next step reads.

        Args:
            limit: the most tokens that the decoder may read of this sequence in total.
        """
        count = min(_MAX_TOKENS_PER_STEP, limit - self.read)
        taken, self.pending = self.pending[:count], self.pending[count:]
        self.read += len(taken)
        return taken

    def _append_forced(self) -> Sequence[Option] | None:
        while (options := self.state.options()) is not None and len(options) == 1:
            self._append(0, 0.0)
        return options

    def _append(self, option: int, logp: float) -> None:
        token = self.state.append(option, logp)
        self.tokens.append(token)
        self.pending.append(token)


class BatchDecoder:
    """Decodes sequences in one batch; each can start and end at any step.

    Args:
        decoder: the decoder, in evaluation mode.
        slots: the most sequences at once.
        steps: the most tokens of a sequence. A longer one is cut there, and its last, unfinished
            item is not among its records.
        length: the most tokens of a prompt.
        observe: called with the number of running sequences at every step.
        record: records decoder steps as CUDA graphs; None to compute every step.
        wait: blocks until the device has read the memory of new sequences.
        lock: excludes other threads from the device while steps are recorded.
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
        """How many more sequences can start."""
        return self._slots.free

    @property
    def running(self) -> int:
        """How many sequences are being decoded."""
        return len(self._sequences)

    @property
    def consistent(self) -> bool:
        """Whether slots in use and running sequences correspond one to one."""
        return self._slots.consistent and self._slots.used == len(self._sequences)

    @torch.inference_mode()
    def capture(self) -> None:
        """Record decoder steps. Call it before the first sequence starts."""
        self._slots.capture()

    @torch.inference_mode()
    def start(
        self,
        sequences: Sequence[TargetSequence],
        memory: Memory,
        lengths: Sequence[int],
        rows: Sequence[int] | None = None,
    ) -> None:
        """Start decoding the unfinished ones of `sequences`.

        Args:
            sequences: the sequences.
            memory: the fused prompts.
            lengths: the length of each sequence's prompt in tokens.
            rows: each sequence's row of `memory`; None for one row per sequence, in order.

        Raises:
            ValueError: a prompt is too long, or there are too few free slots.
        """
        rows = range(len(sequences)) if rows is None else rows
        started = [i for i, sequence in enumerate(sequences) if not sequence.state.done]
        if started:
            self._slots.fill(memory, [rows[i] for i in started], [lengths[i] for i in started])
            self._sequences += [sequences[i] for i in started]

    @torch.inference_mode()
    def step(self) -> list[TargetSequence]:
        """Run one decoder step for all sequences. Return those that ended, failed ones included."""
        self._observe(len(self._sequences))
        states = self._slots.step(
            [sequence.take_pending(self._steps) for sequence in self._sequences]
        )
        undecided = [slot for slot, sequence in enumerate(self._sequences) if not sequence.pending]
        if undecided:
            self._choose(undecided, states)
        ended = [sequence for sequence in self._sequences if self._has_ended(sequence)]
        for sequence in ended:
            self.drop(sequence, wipe=sequence.failure is not None)
        return ended

    def reset(self) -> None:
        """Drop all sequences without using the device, which may be in any state."""
        self._sequences = []
        self._slots.reset()

    @torch.inference_mode()
    def drop(self, sequence: TargetSequence, *, wipe: bool = True) -> None:
        """Stop decoding a sequence and release its slot.

        Args:
            sequence: a running sequence.
            wipe: whether to clear the slot, which may hold values that are not finite.
        """
        slot = self._sequences.index(sequence)
        self._slots.release(slot, wipe=wipe)
        last = self._sequences.pop()
        if slot < len(self._sequences):
            self._sequences[slot] = last

    def _has_ended(self, sequence: TargetSequence) -> bool:
        return bool(sequence.failure) or sequence.state.done or sequence.read >= self._steps

    def _choose(self, undecided: Sequence[int], states: Tensor) -> None:
        """Choose the next token of the sequences in these slots, given states (B, d)."""
        options = {slot: self._sequences[slot].options for slot in undecided}
        bound = {slot: some for slot, some in options.items() if some is not None}
        free = [slot for slot, some in options.items() if some is None]
        if bound:
            slots = list(bound)
            contexts = [self._sequences[slot].state.context() for slot in slots]
            logits = self._slots.score(slots, states[slots], list(bound.values()), contexts)
            self._append_best(slots, logits)
        if free:
            self._append_best(free, self._slots.score_all(states[free]))

    def _append_best(self, slots: Sequence[int], logits: Tensor) -> None:
        """Append to each slot's sequence the best of its options, given logits (S, N)."""
        best, logps = choose(logits)
        chosen = zip(slots, best.tolist(), logps.tolist(), strict=True)
        for row, (slot, option, logp) in enumerate(chosen):
            sequence = self._sequences[slot]
            try:
                if math.isnan(logp):
                    raise ArithmeticError("the model's scores are not numbers")
                if sequence.keep and sequence.options is not None:
                    scores = logits[row, : len(sequence.options)].softmax(-1)
                    kind = sequence.state.context().kind
                    sequence.decisions.append(Decision(kind, tuple(scores.tolist())))
                sequence.append(option, logp)
            except Exception as error:
                sequence.failure = error
