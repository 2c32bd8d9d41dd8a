"""Collates encoded examples to padded batches and groups them by length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from models.candidates import Candidates, lay_out
from tasks.tokenizer import Markers
from training.text.example import Encoded, ExamplePicture, Spelled

T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Spelled)

IGNORED = -100
"""The label of positions after the end of a target."""

Prompt = tuple[tuple[int, ...], tuple[int, ...], ExamplePicture | None]
"""Ids, cases and picture: examples that have the same ones are encoded once."""

_FURTHER = 0.12
"""Cost of a further example with the same prompt, which is only decoded."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """U distinct prompts and the decoder's input for B examples.

    ids, mask, cases (U, L); picture_rows (U,) rows of the feature store, -1 without a picture;
    matched (U,) whether text and picture belong together; prefix (B, T) decoder input; rows (B,)
    the prompt of each example.
    """

    ids: Tensor
    mask: Tensor
    cases: Tensor
    picture_rows: Tensor
    matched: Tensor
    prefix: Tensor
    rows: Tensor


@dataclass(frozen=True, slots=True)
class Batch(Prompts):
    """Prompts with the S decisions of their targets, concatenated.

    at (S, 2) example and step of each decision; right (S, width) which symbols are correct;
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
    numbers: dict[Prompt, int] = {}
    rows = [numbers.setdefault(_prompt_of(item), len(numbers)) for item in items]
    distinct = list(numbers)
    pictures = [picture for *_, picture in distinct]
    return {
        "ids": _pad([ids for ids, *_ in distinct], markers.pad),
        "mask": _pad([(1,) * len(ids) for ids, *_ in distinct], 0),
        "cases": _pad([cases for _, cases, _ in distinct], 0),
        "picture_rows": torch.tensor([picture.row if picture else -1 for picture in pictures]),
        "matched": torch.tensor([bool(picture and picture.matched) for picture in pictures]),
        "prefix": _pad([(markers.start, *item.tokens[:-1]) for item in items], markers.pad),
        "rows": torch.tensor(rows),
    }


def _prompt_of(item: Spelled) -> Prompt:
    return item.ids, item.cases, item.picture


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
    """Batches of similar length in random order, each of at most `tokens` padded source tokens.

    Consecutive items with the same prompt stay together; the prompt counts once, and each further
    item as a small share of it.
    """
    groups = [list(group) for _, group in groupby(items, key=_prompt_of)]
    noisy = sorted(groups, key=lambda group: len(group[0].ids) * (1 + 0.1 * generator.random()))
    batches: list[list[ItemT]] = [[]]
    longest, size = 0, 0.0
    for group in noisy:
        longest = max(longest, len(group[0].ids))
        own = 1 + _FURTHER * (len(group) - 1)
        if batches[-1] and longest * (size + own) > tokens:
            batches.append([])
            longest, size = len(group[0].ids), 0.0
        batches[-1] += group
        size += own
    generator.shuffle(batches)
    yield from batches


def _pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
