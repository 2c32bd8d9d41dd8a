"""Scores of admitted symbols only: most steps admit a handful, not a whole vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from models.span_scorer import Contexts, SpanScorer, scan
from models.target_decoder import TargetDecoder

TIE = 1e-5
"""Logits closer than this count as equal: a sum in fp32 depends on the size of its batch."""


class Candidates(NamedTuple):
    """The admitted symbols of S steps, concatenated.

    step (M,) which step each belongs to, column (M,) its number within the step, token (M,) its id,
    place (M,) what it copies as an index into the copy keys, -1 for nothing; row (S,) the batch row
    of each step; width the largest number of symbols in a step; contexts what the steps are about,
    None where the decoder alone scores them.
    """

    step: Tensor
    column: Tensor
    token: Tensor
    place: Tensor
    row: Tensor
    width: int
    contexts: Contexts | None = None


def lay_out(
    steps: Sequence[Sequence[tuple[int, int]]],
    rows: Sequence[int],
    device: torch.device | None = None,
    contexts: Sequence[Sequence[int]] = (),
) -> Candidates:
    """The symbols admitted in S steps, each a token id and a place; `rows` are the batch rows.

    `contexts` are those of the steps, six numbers each as `tasks.context.Context` has them.
    """
    # in numpy, since torch takes eight times as long to read nested sequences
    sizes = np.array([len(admitted) for admitted in steps])
    step = np.arange(len(steps)).repeat(sizes)  # (M,)
    column = np.arange(len(step)) - (sizes.cumsum() - sizes)[step]
    numbers = chain.from_iterable(chain.from_iterable(steps))
    symbols = np.fromiter(numbers, np.int64, 2 * len(step)).reshape(-1, 2)  # (M, 2)
    # one transfer to the device rather than four
    flat = torch.from_numpy(np.stack([step, column, symbols[:, 0], symbols[:, 1]])).to(device)
    row = torch.tensor(rows, device=device)
    about = None
    if contexts:
        values = torch.tensor(contexts, device=device)  # (S, 6)
        about = Contexts(values[:, 0], values[:, 1:5], values[:, 5])
    return Candidates(flat[0], flat[1], flat[2], flat[3], row, int(sizes.max()), about)


def candidate_logits(
    model: TargetDecoder, states: Tensor, copy_keys: Tensor | None, candidates: Candidates
) -> Tensor:
    """Logits of the admitted symbols; those of a scan are log-probabilities.

    Args and shape as of `option_logits`.
    """
    logits = option_logits(model, states, copy_keys, candidates)
    return logits if candidates.contexts is None else scan(logits, candidates.contexts.scanned)


def option_logits(
    model: TargetDecoder, states: Tensor, copy_keys: Tensor | None, candidates: Candidates
) -> Tensor:
    """Logits of the admitted symbols, before scans are normalised.

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
    logits = (of_step.float() * embedded.float()).sum(-1) * model.output_scale  # (M,)
    if model.copy_head is not None and copy_keys is not None:
        query = model.copy_head.query(states)  # (S, c)
        if model.span_scorer is not None and candidates.contexts is not None:
            asked = _span_queries(model.span_scorer, states, copy_keys, candidates)
            query = torch.cat([query, asked], dim=-1)
            asked_each = asked[candidates.step]
            logits = logits + torch.where(
                candidates.place < 0, model.span_scorer.token_scores(asked_each, embedded), 0.0
            )
        width = query.shape[-1]
        keys = copy_keys[candidates.row[candidates.step], candidates.place.clamp(min=0), :width]
        pointed = (query[candidates.step].float() * keys.float()).sum(-1)
        logits = logits + torch.where(candidates.place >= 0, pointed, 0.0)
    shape = (len(candidates.row), candidates.width)
    padded = torch.full(shape, -torch.inf, device=logits.device)
    return padded.index_put((candidates.step, candidates.column), logits)


def _span_queries(
    scorer: SpanScorer, states: Tensor, copy_keys: Tensor, candidates: Candidates
) -> Tensor:
    """The span scorer's queries (S, n) of a step each; states lie at the end of the copy keys."""
    assert candidates.contexts is not None
    places = candidates.contexts.ends.clamp(min=0)  # (S, 4)
    ends = copy_keys[candidates.row[:, None], places, -scorer.d_model :]  # (S, 4, d)
    return scorer.queries(states, ends.to(states.dtype), candidates.contexts)


def vocabulary_logits(model: TargetDecoder, states: Tensor) -> Tensor:
    """Logits (S, V) fp32 of every token after states (S, d)."""
    return (states @ model.output_embeddings.T).float() * model.output_scale


def choose(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest of each row of logits (S, N), and its log-probability: (S,) each.

    Of those that differ by no more than rounding can tell apart it is the first, so that a tie is
    decided alike in every batch.
    """
    best = logits.amax(-1, keepdim=True)
    column = (logits >= best - TIE).int().argmax(-1)
    logp = logits.gather(-1, column[:, None])[:, 0] - logits.logsumexp(-1)
    return column, logp
