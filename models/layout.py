"""The layout of a decoder step's tokens in a ragged batch.

A slot usually advances by one token, by several if these are known in advance. Tokens are
concatenated, so that only attention pads slots that have fewer than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Layout:
    """T tokens of B slots, slot by slot, at most Q of a slot.

    slot (T,) and place (T,): which slot a token belongs to and its step number there. token (B, Q):
    the tokens of each slot, its last one repeated where it has fewer. cell (T,): the
    token's index in that table, row by row. steps: one more than the largest place.
    """

    slot: Tensor
    place: Tensor
    token: Tensor
    cell: Tensor
    steps: int

    @classmethod
    def of(
        cls, firsts: Sequence[int], counts: Sequence[int], device: torch.device | None = None
    ) -> Layout:
        """The layout of slots that go on from step `firsts[i]` by `counts[i]` tokens, 1 or more."""
        width, steps = max(counts), max(f + c for f, c in zip(firsts, counts, strict=True))
        if width == 1:
            each = torch.arange(len(firsts), device=device)
            return cls(each, torch.tensor(firsts, device=device), each[:, None], each, steps)
        slots: list[int] = []
        places: list[int] = []
        cells: list[int] = []
        table: list[int] = []
        for slot, (first, count) in enumerate(zip(firsts, counts, strict=True)):
            table += range(len(slots), len(slots) + count)
            table += [len(slots) + count - 1] * (width - count)
            cells += range(slot * width, slot * width + count)
            places += range(first, first + count)
            slots += [slot] * count
        flat = torch.tensor([slots, places, cells], device=device)
        token = torch.tensor(table, device=device).view(-1, width)
        return cls(flat[0], flat[1], token, flat[2], steps)

    @property
    def width(self) -> int:
        """Q."""
        return self.token.shape[1]

    @property
    def last(self) -> Tensor:
        """(B,) the last token of each slot."""
        return self.token[:, -1]

    def spread(self, x: Tensor) -> Tensor:
        """Values per token (T, ...) to values per slot (B, Q, ...)."""
        return x[:, None] if self.width == 1 else x[self.token]

    def gather(self, x: Tensor) -> Tensor:
        """Values per slot (B, Q, ...) to values per token (T, ...)."""
        return x[:, 0] if self.width == 1 else x.flatten(0, 1)[self.cell]
