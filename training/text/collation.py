"""Collates encoded examples to padded batches and groups them by length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from models.candidates import Candidates, lay_out
from tasks.tokenizer import Markers
from training.text.example import Encoded, Spelled

T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Spelled)

IGNORED = -100
"""The label of positions after the end of a target."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """B prompts and the decoder's input.

    ids, mask, cases (B, L); prefix (B, T) decoder input; picture_rows (B,) rows of the feature
    store, -1 without a picture; matched (B,) whether text and picture belong together.
    """

    ids: Tensor
    mask: Tensor
    cases: Tensor
    prefix: Tensor
    picture_rows: Tensor
    matched: Tensor


@dataclass(frozen=True, slots=True)
class Batch(Prompts):
    """Prompts with the S decisions of their targets, concatenated.

    at (S, 2) batch row and step of each decision; right (S, width) which symbols are correct;
    weight (S,).
    """

    at: Tensor
    candidates: Candidates
    right: Tensor
    weight: Tensor


@dataclass(frozen=True, slots=True)
class SpelledBatch(Prompts):
    """Prompts with their targets: labels (B, T), `IGNORED` after the end."""

    labels: Tensor


def collate(items: Sequence[Encoded], markers: Markers) -> Batch:
    """Pad `items` on the right and gather their decisions."""
    decisions = [
        (row, number, item, step)
        for row, item in enumerate(items)
        for number, step in enumerate(item.steps)
        if len(step.admitted) > 1
    ]
    candidates = lay_out(
        [[(symbol.token, symbol.place) for symbol in step.admitted] for *_, step in decisions],
        [row for row, *_ in decisions],
        contexts=[step.context for *_, step in decisions],
    )
    right = torch.zeros(len(decisions), candidates.width, dtype=torch.bool)
    for index, (_, _, item, step) in enumerate(decisions):
        right[index, item.right(step)] = True
    return Batch(
        **_prompts(items, markers),
        at=torch.tensor([(row, number) for row, number, *_ in decisions]),
        candidates=candidates,
        right=right,
        weight=torch.tensor([item.weight for _, _, item, _ in decisions]),
    )


def collate_spelled(items: Sequence[Spelled], markers: Markers) -> SpelledBatch:
    """Pad `items` on the right."""
    labels = _pad([item.tokens for item in items], IGNORED)
    return SpelledBatch(**_prompts(items, markers), labels=labels)


def _prompts(items: Sequence[Spelled], markers: Markers) -> dict[str, Tensor]:
    prefixes = [(markers.start, *item.tokens[:-1]) for item in items]
    return {
        "ids": _pad([item.ids for item in items], markers.pad),
        "mask": _pad([(1,) * len(item.ids) for item in items], 0),
        "cases": _pad([item.cases for item in items], 0),
        "prefix": _pad(prefixes, markers.pad),
        "picture_rows": torch.tensor([item.picture.row if item.picture else -1 for item in items]),
        "matched": torch.tensor([bool(item.picture and item.picture.matched) for item in items]),
    }


def on_device(value: T, device: torch.device) -> T:
    """A batch, or any part of one, with every tensor on `device`."""
    moved: Any = value
    if isinstance(value, Tensor):
        moved = value.to(device)
    elif isinstance(value, tuple):  # a named tuple; an absent part is None
        moved = type(value)(*(on_device(part, device) for part in value))
    elif is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: on_device(getattr(value, f.name), device) for f in fields(value)}
        moved = type(value)(**parts)
    return cast("T", moved)


def buckets(items: Sequence[ItemT], tokens: int, generator: random.Random) -> Iterator[list[ItemT]]:
    """Batches of similar length in random order, each of at most `tokens` padded source tokens."""
    noisy = sorted(items, key=lambda item: len(item.ids) * (1 + 0.1 * generator.random()))
    batches: list[list[ItemT]] = [[]]
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
