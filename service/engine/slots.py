"""What the decoder keeps of the answers in the making: one slot each, in memory made once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.candidates import candidate_logits, lay_out, vocabulary_logits
from models.config import VISUAL_ROWS
from models.layout import Layout
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.recording import Inputs, Recorder, Recordings

_REGIONS = VISUAL_ROWS - 1


class Slots:
    """The decoder over a fixed number of slots; those in use are the first ones, without a gap.

    So what a step reads is a view: of as many slots as are in use, as far as the longest of them
    reaches. Everything is kept where the decoder's weights are.

    Args:
        decoder: in evaluation mode.
        slots: how many answers at once.
        steps: how many tokens of an answer.
        length: how many tokens of a prompt.
        record: how steps of one token a slot are recorded, if they are.
    """

    def __init__(
        self,
        decoder: TargetDecoder,
        slots: int,
        steps: int,
        length: int,
        record: Recorder | None = None,
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
        self._recordings = record and Recordings(
            record, self._recorded, slots, steps, length, weight.device
        )
        self._lengths: list[int] = []
        self._places: list[int] = []
        self._depths: list[int] = []

    @property
    def free(self) -> int:
        """How many slots are not in use."""
        return self._capacity - len(self._lengths)

    def fill(self, memory: Memory, rows: Sequence[int], lengths: Sequence[int]) -> None:
        """Take further slots into use, for these rows of a batch, whose prompts are so long.

        Raises ValueError where a prompt is longer than a slot.
        """
        if max(lengths) > self._length:
            raise ValueError(f"a prompt has {max(lengths)} tokens, at most {self._length} fit")
        lowest = torch.finfo(torch.float32).min
        for row, length in zip(rows, lengths, strict=True):
            slot = len(self._lengths)
            self._cross[:, :, slot, :, :length] = memory.cross[:, :, row, :, :length]
            if self._copy_keys is not None and memory.copy_keys is not None:
                keys = memory.copy_keys[row, : _REGIONS + length]
                self._copy_keys[slot, : _REGIONS + length] = keys
            self._hidden[slot, ..., :length] = 0.0
            self._hidden[slot, ..., length:] = lowest
            self._lengths.append(length)
            self._places.append(0)
            self._depths.append(0)

    def step(self, tokens: Sequence[Sequence[int]]) -> Tensor:
        """The states (B, d) after the next tokens, one or several, of every slot in use."""
        counts = [len(part) for part in tokens]
        said = [token for part in tokens for token in part]
        depths = self._nested(tokens)
        states = None
        if self._recordings is not None and len(said) == len(tokens):
            states = self._recordings.play(said, depths, self._places, max(self._lengths))
        if states is None:
            states = self._compute(said, depths, counts)
        self._places = [place + count for place, count in zip(self._places, counts, strict=True)]
        return states

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

    def _nested(self, tokens: Sequence[Sequence[int]]) -> list[int]:
        """How deep in brackets each of the next tokens stands; all 0 where nobody asks."""
        nesting = self._decoder.nesting
        if nesting is None:
            return [0 for part in tokens for _ in part]
        depths: list[int] = []
        for slot, part in enumerate(tokens):
            for token in part:
                self._depths[slot] = nesting.behind(self._depths[slot], token)
                depths.append(self._depths[slot])
        return depths

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
        last = len(self._lengths) - 1
        if wipe:
            length = self._lengths[slot]
            self._cache.wipe(slot, self._places[slot])
            self._cross[:, :, slot, :, :length] = 0.0
            if self._copy_keys is not None:
                self._copy_keys[slot] = 0.0
        if slot != last:
            self._move(last, slot)
        for kept in (self._lengths, self._places, self._depths):
            kept.pop()

    def _move(self, source: int, target: int) -> None:
        length, place = self._lengths[source], self._places[source]
        self._cache.move(source, target, place)
        self._cross[:, :, target, :, :length] = self._cross[:, :, source, :, :length]
        self._hidden[target] = self._hidden[source]
        if self._copy_keys is not None:
            self._copy_keys[target] = self._copy_keys[source]
        self._lengths[target], self._places[target] = length, place
        self._depths[target] = self._depths[source]
