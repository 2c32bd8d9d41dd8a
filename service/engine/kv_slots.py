"""The decoder's KV cache: one preallocated slot per sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from models.candidates import candidate_logits, lay_out, vocabulary_logits
from models.layout import Layout
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.cuda_graphs import CudaGraphCache, GraphRecorder, Inputs
from service.engine.device import NO_LOCK
from tasks.records import MAX_REGIONS


class KVCacheSlots:
    """A decoder with a fixed number of slots. The slots in use are the first ones, without a gap.

    So a step reads a view: the slots in use, up to the longest prompt among them. All tensors are
    on the device of the decoder's weights.

    Changes are atomic: where `fill`, `step` or `release` raises, the slots in use and their
    positions are the same as before.

    Args:
        decoder: the decoder, in evaluation mode.
        slots: the most sequences at once.
        steps: the most tokens of a sequence.
        length: the most tokens of a prompt.
        record: records steps of one token per slot as CUDA graphs; None to compute every step.
        wait: blocks until the device has read what `fill` copies.
        lock: excludes other threads from the device while steps are recorded.
    """

    def __init__(
        self,
        decoder: TargetDecoder,
        slots: int,
        steps: int,
        length: int,
        record: GraphRecorder | None = None,
        wait: Callable[[], None] = lambda: None,
        lock: AbstractContextManager[object] = NO_LOCK,
    ) -> None:
        config, weight = decoder.config, decoder.output_embeddings
        self._decoder, self._capacity, self._length = decoder, slots, length
        self._cache = decoder.decoder.cache(slots, steps)
        layers, heads = config.num_decoder_layers, config.num_heads
        # zeros, not uninitialised memory: masked values must still be finite
        self._cross = weight.new_zeros(layers, 2, slots, heads, length, config.d_kv)
        self._hidden = torch.zeros(slots, 1, 1, length, device=weight.device)
        self._copy_keys = (
            torch.zeros(slots, MAX_REGIONS + length, decoder.copy_width, device=weight.device)
            if decoder.copy_head is not None
            else None
        )
        self._graphs = record and CudaGraphCache(
            record, self._run_inputs, slots, steps, length, weight.device, lock
        )
        self._wait = wait
        self._stale = False
        self._lengths: list[int] = []
        self._positions: list[int] = []
        self._depths: list[int] = []

    @property
    def free(self) -> int:
        """How many slots are not in use."""
        return self._capacity - len(self._lengths)

    @property
    def used(self) -> int:
        """How many slots are in use."""
        return len(self._lengths)

    @property
    def consistent(self) -> bool:
        """Whether every slot in use has a length, a position and a depth."""
        return len(self._lengths) == len(self._positions) == len(self._depths) <= self._capacity

    def capture(self) -> None:
        """Record steps, if there is a recorder. No slot may be in use."""
        if self._graphs is not None:
            self._graphs.capture()

    def fill(self, memory: Memory, rows: Sequence[int], lengths: Sequence[int]) -> None:
        """Copy prompts into free slots. The device has read `memory` when it returns or raises.

        Args:
            memory: a batch of fused prompts.
            rows: the rows of the batch to copy.
            lengths: the length of each row's prompt in tokens.

        Raises:
            ValueError: a prompt is longer than a slot, there are more rows than free slots, or the
                batch has no such row.
        """
        self._check(memory, rows, lengths)
        self._clean()
        try:
            for offset, (row, length) in enumerate(zip(rows, lengths, strict=True)):
                self._copy_in(self.used + offset, memory, row, length)
        except BaseException:
            self._stale = True
            raise
        finally:
            self._wait()
        self._lengths += lengths
        self._positions += [0] * len(rows)
        self._depths += [0] * len(rows)

    def step(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """Read the next tokens of every slot in use.

        Args:
            tokens: one or more tokens per slot in use.

        Returns:
            The decoder states (B, d) at each slot's last token.

        Raises:
            ValueError: the number of token lists is not the number of slots in use.
        """
        if len(tokens) != self.used:
            raise ValueError(f"tokens for {len(tokens)} slots, but {self.used} slots are in use")
        counts = [len(part) for part in tokens]
        flat = [token for part in tokens for token in part]
        depths, last_depths = self._bracket_depths(tokens)
        states = None
        if self._graphs is not None and len(flat) == len(tokens):
            states = self._graphs.replay(flat, depths, self._positions, max(self._lengths))
        if states is None:
            states = self._compute(flat, depths, counts)
        self._positions = [
            position + count for position, count in zip(self._positions, counts, strict=True)
        ]
        self._depths = last_depths
        return states

    def reset(self) -> None:
        """Release all slots without using the device, which may be in any state."""
        self._lengths, self._positions, self._depths = [], [], []
        self._stale = True

    def _check(self, memory: Memory, rows: Sequence[int], lengths: Sequence[int]) -> None:
        if len(rows) != len(lengths) or len(rows) > self.free:
            raise ValueError(f"{len(rows)} prompts do not fit in {self.free} free slots")
        if max(lengths, default=0) > self._length:
            raise ValueError(f"a prompt has {max(lengths)} tokens, at most {self._length} fit")
        if rows and max(rows) >= memory.cross.shape[2]:
            raise ValueError(f"row {max(rows)} is not in the batch of {memory.cross.shape[2]} rows")

    def _clean(self) -> None:
        """Clear the free slots after a failed change, which may have left values in them."""
        if self._stale:
            for cached in (self._cache.keys, self._cache.values):
                cached[:, self.used :] = 0.0
            self._cross[:, :, self.used :] = 0.0
            if self._copy_keys is not None:
                self._copy_keys[self.used :] = 0.0
            self._stale = False

    def _copy_in(self, slot: int, memory: Memory, row: int, length: int) -> None:
        self._cross[:, :, slot, :, :length] = memory.cross[:, :, row, :, :length]
        if self._copy_keys is not None and memory.copy_keys is not None:
            keys = memory.copy_keys[row, : MAX_REGIONS + length]
            self._copy_keys[slot, : MAX_REGIONS + length] = keys
        self._hidden[slot, ..., :length] = 0.0
        self._hidden[slot, ..., length:] = torch.finfo(torch.float32).min

    def _compute(
        self, tokens: Sequence[int], depths: Sequence[int], counts: Sequence[int]
    ) -> Tensor:
        device = self._cross.device
        layout = Layout.of(self._positions, counts, device)
        values = torch.tensor([tokens, depths], device=device)
        return self._run(values[0], values[1], layout, max(self._lengths))[layout.last]

    def _run_inputs(self, inputs: Inputs, length: int) -> Tensor:
        return self._run(inputs.values[0], inputs.values[1], inputs.layout, length)

    def _run(self, tokens: Tensor, depths: Tensor, layout: Layout, length: int) -> Tensor:
        """The states (T, d) of tokens (T,) at bracket depths (T,); prompts are cut at `length`."""
        slots = len(layout.token)
        return self._decoder.decoder.step(
            self._decoder.embed(tokens, depths),
            layout,
            self._cache,
            self._cross[:, :, :slots, :, :length],
            self._hidden[:slots, ..., :length],
        )

    def _bracket_depths(self, tokens: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        """The bracket depth of each token, and of the last token of each slot.

        Always 0 for weights without depth embeddings.
        """
        nesting = self._decoder.nesting
        if nesting is None:
            return [0 for part in tokens for _ in part], list(self._depths)
        depths: list[int] = []
        last_depths: list[int] = []
        for depth, part in zip(self._depths, tokens, strict=True):
            for token in part:
                depth = nesting.behind(depth, token)
                depths.append(depth)
            last_depths.append(depth)
        return depths, last_depths

    def score(
        self,
        slots: Sequence[int],
        states: Tensor,
        options: Sequence[Sequence[tuple[int, int]]],
        contexts: Sequence[Sequence[int]] = (),
    ) -> Tensor:
        """Score the options of some slots.

        Args:
            slots: S slots.
            states: (S, d) their decoder states.
            options: the options of each slot, as pairs of token and row of the copy keys.
            contexts: the context of each slot's choice; read by weights with a span scorer only.

        Returns:
            Logits (S, N), -inf behind a slot's last option.
        """
        used = contexts if self._decoder.span_scorer is not None else ()
        candidates = lay_out(options, slots, states.device, used)
        return candidate_logits(self._decoder, states, self._copy_keys, candidates)

    def score_all(self, states: Tensor) -> Tensor:
        """Score the whole vocabulary: logits (S, V) at states (S, d)."""
        return vocabulary_logits(self._decoder, states)

    def release(self, slot: int, *, wipe: bool = False) -> None:
        """Release a slot. The last slot in use moves to its index.

        Args:
            slot: a slot in use.
            wipe: whether to clear it. Do so where it may hold values that are not finite: masks do
                not hide these.
        """
        last = self.used - 1
        if wipe:
            self._wipe(slot)
        if slot != last:
            self._move(last, slot)
        for values in (self._lengths, self._positions, self._depths):
            values[slot] = values[last]
            values.pop()

    def _wipe(self, slot: int) -> None:
        self._cache.wipe(slot, self._positions[slot])
        self._cross[:, :, slot, :, : self._lengths[slot]] = 0.0
        if self._copy_keys is not None:
            self._copy_keys[slot] = 0.0

    def _move(self, source: int, target: int) -> None:
        length = self._lengths[source]
        self._cache.move(source, target, self._positions[source])
        self._cross[:, :, target, :, :length] = self._cross[:, :, source, :, :length]
        self._hidden[target] = self._hidden[source]
        if self._copy_keys is not None:
            self._copy_keys[target] = self._copy_keys[source]
