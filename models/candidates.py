"""Scores of admitted symbols only: most steps admit a handful, not a whole vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from models.target_decoder import TargetDecoder


class Candidates(NamedTuple):
    """The admitted symbols of S steps, laid end to end.

    step (M,) which step each belongs to, column (M,) its number within the step, token (M,) its id,
    place (M,) what it copies as an index into the copy keys, -1 for nothing; row (S,) the batch row
    of each step; width the largest number of symbols in a step.
    """

    step: Tensor
    column: Tensor
    token: Tensor
    place: Tensor
    row: Tensor
    width: int


def lay_out(steps: Sequence[Sequence[tuple[int, int]]], rows: Sequence[int]) -> Candidates:
    """The symbols admitted in S steps, each a token id and a place; `rows` are the batch rows."""
    flat = torch.tensor(
        [
            (step, column, token, place)
            for step, symbols in enumerate(steps)
            for column, (token, place) in enumerate(symbols)
        ]
    ).T
    width = max(len(symbols) for symbols in steps)
    return Candidates(flat[0], flat[1], flat[2], flat[3], torch.tensor(rows), width)


def candidate_logits(
    model: TargetDecoder, states: Tensor, copy_keys: Tensor | None, candidates: Candidates
) -> Tensor:
    """Logits of the admitted symbols.

    Args:
        model: for its output embeddings and copy head.
        states: (S, d) decoder states.
        copy_keys: (B, 36 + L, c), None without a copy head.
        candidates: M symbols of S steps.

    Returns:
        (S, width) fp32, -inf where a step has fewer symbols.
    """
    of_step = states[candidates.step]  # (M, d)
    embedded = torch.nn.functional.embedding(candidates.token, model.output_embeddings)
    logits = (of_step * embedded).sum(-1).float() * model.output_scale  # (M,)
    if model.copy_head is not None and copy_keys is not None:
        query = model.copy_head.query(states)[candidates.step]  # (M, c)
        keys = copy_keys[candidates.row[candidates.step], candidates.place.clamp(min=0)]
        pointed = (query * keys).sum(-1).float()
        logits = logits + torch.where(candidates.place >= 0, pointed, 0.0)
    shape = (len(candidates.row), candidates.width)
    padded = torch.full(shape, -torch.inf, device=logits.device)
    return padded.index_put((candidates.step, candidates.column), logits)
