"""Encoded exercises to padded tensors; the symbols of all decisions are laid end to end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.candidates import Candidates, lay_out
from tasks.tokenizer import Markers
from training.text.exercise import Encoded


@dataclass(frozen=True, slots=True)
class Batch:
    """B exercises with S decisions among their steps.

    ids, mask, cases (B, L); prefix (B, T) decoder input; sight (B,) feature store rows, -1 for no
    picture; matched (B,) whether the text is about it; at (S, 2) batch row and step of each
    decision; right (S, width) which of its symbols are right; weight (S,).
    """

    ids: Tensor
    mask: Tensor
    cases: Tensor
    prefix: Tensor
    sight: Tensor
    matched: Tensor
    at: Tensor
    candidates: Candidates
    right: Tensor
    weight: Tensor


def collate(items: Sequence[Encoded], markers: Markers) -> Batch:
    """Pad `items` on the right and gather their decisions."""
    prefixes = [(markers.start, *item.tokens[:-1]) for item in items]
    decisions = [
        (row, number, item, step)
        for row, item in enumerate(items)
        for number, step in enumerate(item.steps)
        if len(step.admitted) > 1
    ]
    candidates = lay_out(
        [[(symbol.token, symbol.place) for symbol in step.admitted] for *_, step in decisions],
        [row for row, *_ in decisions],
    )
    right = torch.zeros(len(decisions), candidates.width, dtype=torch.bool)
    for index, (_, _, item, step) in enumerate(decisions):
        right[index, item.right(step)] = True
    return Batch(
        ids=_pad([item.ids for item in items], markers.pad),
        mask=_pad([(1,) * len(item.ids) for item in items], 0),
        cases=_pad([item.cases for item in items], 0),
        prefix=_pad(prefixes, markers.pad),
        sight=torch.tensor([item.sight.row if item.sight else -1 for item in items]),
        matched=torch.tensor([bool(item.sight and item.sight.matched) for item in items]),
        at=torch.tensor([(row, number) for row, number, *_ in decisions]),
        candidates=candidates,
        right=right,
        weight=torch.tensor([item.weight for _, _, item, _ in decisions]),
    )


def buckets(
    items: Sequence[Encoded], tokens: int, generator: random.Random
) -> Iterator[list[Encoded]]:
    """Batches of similar length in random order, each of at most `tokens` padded source tokens."""
    noisy = sorted(items, key=lambda item: len(item.ids) * (1 + 0.1 * generator.random()))
    batches: list[list[Encoded]] = [[]]
    longest = 0
    for item in noisy:
        longest = max(longest, len(item.ids))
        if batches[-1] and longest * (len(batches[-1]) + 1) > tokens:
            batches.append([])
            longest = len(item.ids)
        batches[-1].append(item)
    generator.shuffle(batches)
    yield from batches


def _pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
