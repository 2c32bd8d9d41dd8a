"""What the decoder keeps of the answers in the making: one slot each, in memory made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from models.candidates import candidate_logits, lay_out, vocabulary_logits
from models.config import VISUAL_ROWS
from models.layout import Layout
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.cuda_graphs import CudaGraphCache, GraphRecorder, Inputs
from service.engine.streams import NO_LOCK

_REGIONS = VISUAL_ROWS - 1


class KVCacheSlots:
    """The decoder over a fixed number of slots; those in use are the first ones, without a gap.

    So what a step reads is a view: of as many slots as are in use, as far as the longest of them
    reaches. Everything is kept where the decoder's weights are.

    Changes are atomic: whatever `fill`, `step` or `release` raises, as many slots are in use as
    before, of the same answers at the same places.

    Args:
        decoder: in evaluation mode.
        slots: how many answers at once.
        steps: how many tokens of an answer.
        length: how many tokens of a prompt.
        record: how steps of one token a slot are recorded, if they are.
        wait: waits until what was copied has been read.
        lock: keeps recordings apart from other threads' work on the device.
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
        # zeros rather than anything: what a mask hides must still be a number
        self._cross = weight.new_zeros(layers, 2, slots, heads, length, config.d_kv)
        self._hidden = torch.zeros(slots, 1, 1, length, device=weight.device)
        self._copy_keys = (
            torch.zeros(slots, _REGIONS + length, decoder.copy_width, device=weight.device)
            if decoder.copy_head is not None
            else None
        )
        self._recordings = record and CudaGraphCache(
            record, self._recorded, slots, steps, length, weight.device, lock
        )
        self._wait = wait
        self._stale = False
        self._lengths: list[int] = []
        self._places: list[int] = []
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
        """Whether every slot in use has a length, a place and a depth."""
        return len(self._lengths) == len(self._places) == len(self._depths) <= self._capacity

    def capture(self) -> None:
        """Record steps, while no slot is in use; without a recorder there is nothing to do."""
        if self._recordings is not None:
            self._recordings.capture()

    def fill(self, memory: Memory, rows: Sequence[int], lengths: Sequence[int]) -> None:
        """Take further slots into use, for these rows of a batch, whose prompts are so long.

        Has read `memory` when it returns or raises. Raises ValueError where a prompt is longer
        than a slot, or there are more rows than free slots or than the batch has.
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
        self._places += [0] * len(rows)
        self._depths += [0] * len(rows)

    def step(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """The states (B, d) after the next tokens, one or several, of every slot in use.

        Raises ValueError where there are not as many of them as slots in use.
        """
        if len(tokens) != self.used:
            raise ValueError(f"{len(tokens)} sequences go on in {self.used} slots")
        counts = [len(part) for part in tokens]
        said = [token for part in tokens for token in part]
        depths, ends = self._nested(tokens)
        states = None
        if self._recordings is not None and len(said) == len(tokens):
            states = self._recordings.play(said, depths, self._places, max(self._lengths))
        if states is None:
            states = self._compute(said, depths, counts)
        self._places = [place + count for place, count in zip(self._places, counts, strict=True)]
        self._depths = ends
        return states

    def reset(self) -> None:
        """Take all slots out of use, without touching the device, whatever state that is in."""
        self._lengths, self._places, self._depths = [], [], []
        self._stale = True

    def _check(self, memory: Memory, rows: Sequence[int], lengths: Sequence[int]) -> None:
        if len(rows) != len(lengths) or len(rows) > self.free:
            raise ValueError(f"{len(rows)} prompts do not fit in {self.free} free slots")
        if max(lengths, default=0) > self._length:
            raise ValueError(f"a prompt has {max(lengths)} tokens, at most {self._length} fit")
        if rows and max(rows) >= memory.cross.shape[2]:
            raise ValueError(f"row {max(rows)} is not among the {memory.cross.shape[2]} fused")

    def _clean(self) -> None:
        """Wipe what an unfinished change left in slots that are not in use."""
        if self._stale:
            for kept in (self._cache.keys, self._cache.values):
                kept[:, self.used :] = 0.0
            self._cross[:, :, self.used :] = 0.0
            if self._copy_keys is not None:
                self._copy_keys[self.used :] = 0.0
            self._stale = False

    def _copy_in(self, slot: int, memory: Memory, row: int, length: int) -> None:
        self._cross[:, :, slot, :, :length] = memory.cross[:, :, row, :, :length]
        if self._copy_keys is not None and memory.copy_keys is not None:
            keys = memory.copy_keys[row, : _REGIONS + length]
            self._copy_keys[slot, : _REGIONS + length] = keys
        self._hidden[slot, ..., :length] = 0.0
        self._hidden[slot, ..., length:] = torch.finfo(torch.float32).min

    def _compute(self, said: Sequence[int], depths: Sequence[int], counts: Sequence[int]) -> Tensor:
        device = self._cross.device
        layout = Layout.of(self._places, counts, device)
        values = torch.tensor([said, depths], device=device)
        return self._through(values[0], values[1], layout, max(self._lengths))[layout.last]

    def _recorded(self, inputs: Inputs, length: int) -> Tensor:
        return self._through(inputs.values[0], inputs.values[1], inputs.layout, length)

    def _through(self, tokens: Tensor, depths: Tensor, layout: Layout, length: int) -> Tensor:
        """The states (T, d) of tokens at depths (T,), prompts read up to `length`."""
        slots = len(layout.token)
        return self._decoder.decoder.step(
            self._decoder.embed(tokens, depths),
            layout,
            self._cache,
            self._cross[:, :, :slots, :, :length],
            self._hidden[:slots, ..., :length],
        )

    def _nested(self, tokens: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
        """How deep in brackets each of the next tokens stands, and each slot's last of them.

        All 0 where nobody asks.
        """
        nesting = self._decoder.nesting
        if nesting is None:
            return [0 for part in tokens for _ in part], list(self._depths)
        depths: list[int] = []
        ends: list[int] = []
        for depth, part in zip(self._depths, tokens, strict=True):
            for token in part:
                depth = nesting.behind(depth, token)
                depths.append(depth)
            ends.append(depth)
        return depths, ends

    def score(
        self,
        slots: Sequence[int],
        states: Tensor,
        options: Sequence[Sequence[tuple[int, int]]],
        contexts: Sequence[Sequence[int]] = (),
    ) -> Tensor:
        """Logits (S, N) of each slot's options, tokens and places, at its state; -inf beyond.

        `contexts` say what each slot's choice is about; only weights with a span scorer read them.
        """
        about = contexts if self._decoder.span_scorer is not None else ()
        laid = lay_out(options, slots, states.device, about)
        return candidate_logits(self._decoder, states, self._copy_keys, laid)

    def score_all(self, states: Tensor) -> Tensor:
        """Logits (S, V) of every token at states (S, d)."""
        return vocabulary_logits(self._decoder, states)

    def release(self, slot: int, *, wipe: bool = False) -> None:
        """Give a slot back; the last one in use takes its number.

        `wipe` where it may hold what is no number, which no mask hides.
        """
        last = self.used - 1
        if wipe:
            self._wipe(slot)
        if slot != last:
            self._move(last, slot)
        for kept in (self._lengths, self._places, self._depths):
            kept[slot] = kept[last]
            kept.pop()

    def _wipe(self, slot: int) -> None:
        self._cache.wipe(slot, self._places[slot])
        self._cross[:, :, slot, :, : self._lengths[slot]] = 0.0
        if self._copy_keys is not None:
            self._copy_keys[slot] = 0.0

    def _move(self, source: int, target: int) -> None:
        length = self._lengths[source]
        self._cache.move(source, target, self._places[source])
        self._cross[:, :, target, :, :length] = self._cross[:, :, source, :, :length]
        self._hidden[target] = self._hidden[source]
        if self._copy_keys is not None:
            self._copy_keys[target] = self._copy_keys[source]
