"""Encoded exercises to padded tensors; the symbols of all decisions are laid end to end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.candidates import Candidates
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
    at: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    weight: list[float] = []
    flat: list[tuple[int, int, int, int]] = []
    for row, item in enumerate(items):
        for number, step in enumerate(item.steps):
            if len(step.admitted) == 1:
                continue
            flat.extend(
                (len(at), column, symbol.token, symbol.place)
                for column, symbol in enumerate(step.admitted)
            )
            right.extend((len(at), column) for column in item.right(step))
            at.append((row, number))
            weight.append(item.weight)
    columns = torch.tensor(flat).T
    where = torch.tensor(at)
    width = int(columns[1].max()) + 1
    marked = torch.zeros(len(at), width, dtype=torch.bool)
    marked[tuple(torch.tensor(right).T)] = True
    return Batch(
        ids=_pad([item.ids for item in items], markers.pad),
        mask=_pad([(1,) * len(item.ids) for item in items], 0),
        cases=_pad([item.cases for item in items], 0),
        prefix=_pad(prefixes, markers.pad),
        sight=torch.tensor([item.sight.row if item.sight else -1 for item in items]),
        matched=torch.tensor([bool(item.sight and item.sight.matched) for item in items]),
        at=where,
        candidates=Candidates(
            step=columns[0],
            column=columns[1],
            token=columns[2],
            place=columns[3],
            row=where[:, 0],
            width=width,
        ),
        right=marked,
        weight=torch.tensor(weight),
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
