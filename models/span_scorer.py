"""Scores of options by the spans and regions in question, beside the decoder's own.

The decoder alone mixes the types of all mentions that are left. Here a type is scored by the
encoder's states of the very span that it is for: score(option) = q . key(option), where q reads
the states at the ends of the span (and of a filler or a pair's tail), the decoder's state and what
kind of choice it is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.config import VISUAL_ROWS, UMIEConfig

KINDS = 7
"""Kinds of choices (`tasks.context.Kind`); 0 is scored by the decoder alone."""

ENDS = 4
"""First and last place of the span in question, first and last of a filler or tail."""


class Contexts(NamedTuple):
    """Context of S choices: kind (S,), ends (S, 4) rows of the copy keys or -1.

    scanned (S,): how many of a choice's options, the first ones, are a scan.
    """

    kind: Tensor
    ends: Tensor
    scanned: Tensor


class SpanScorer(nn.Module):
    """Queries from contexts, keys from source positions, regions and tokens."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d, self.size = config.d_model, config.scorer_size
        self.d_model = d
        self.text_key = nn.Linear(d, self.size)
        self.region_key = nn.Linear(d, self.size)
        self.token_key = nn.Linear(d, self.size)
        self.kind = nn.Embedding(KINDS, self.size)
        self.state = nn.Linear(d, self.size)
        self.ends = nn.Parameter(torch.empty(ENDS, d, self.size))
        self.out = nn.Linear(self.size, self.size)
        nn.init.normal_(self.ends, std=0.5 * d**-0.5)

    @property
    def width(self) -> int:
        """What `memory` adds to the copy keys: a key and the state itself."""
        return self.size + self.d_model

    def memory(self, fused: Tensor, visual: Tensor) -> Tensor:
        """fused (B, L, d), visual (B, 37, d) -> (B, 36 + L, width): keys, then states."""
        regions = visual[:, 1:VISUAL_ROWS]
        keys = torch.cat([self.region_key(regions), self.text_key(fused)], dim=1)
        states = torch.cat([regions, fused], dim=1)
        return torch.cat([keys * self.size**-0.5, states.to(keys.dtype)], dim=-1)

    def queries(self, states: Tensor, ends: Tensor, contexts: Contexts) -> Tensor:
        """q (S, size) of decoder states (S, d) and the states (S, 4, d) at the contexts' ends."""
        known = (contexts.ends >= 0)[..., None]  # (S, 4, 1)
        read = torch.einsum("sed,edn->sn", torch.where(known, ends, 0.0), self.ends)
        hidden = read + self.state(states) + self.kind(contexts.kind)
        query = self.out(F.gelu(hidden)) + hidden
        return torch.where((contexts.kind > 0)[:, None], query, 0.0)

    def token_scores(self, query: Tensor, embedded: Tensor) -> Tensor:
        """Scores (M,) of options that copy nothing: query (M, size), embedded (M, d)."""
        key = self.token_key(embedded) * self.size**-0.5
        return (query.float() * key.float()).sum(-1)


def scan(logits: Tensor, scanned: Tensor) -> Tensor:
    """Log-probabilities of choices whose first options are a scan; others stay as they are.

    A scan takes each place with probability sigmoid(logit) or passes it over; the options behind
    share what is left when all are passed over. So the next item is the next place that is taken,
    however many good places come later.

    Args:
        logits: (S, N), -inf where a choice has fewer options.
        scanned: (S,) how many of its options are scanned, 0 for none.
    """
    column = torch.arange(logits.shape[1], device=logits.device)
    within = column < scanned[:, None]  # (S, N)
    safe = torch.where(within, logits, 0.0)
    passed = torch.where(within, F.logsigmoid(-safe), 0.0)
    before = passed.cumsum(-1) - passed
    taken = F.logsigmoid(safe) + before
    rest = logits.masked_fill(within, -torch.inf)
    left = passed.sum(-1, keepdim=True) + rest - rest.logsumexp(-1, keepdim=True)
    outcome = torch.where(within, taken, left)
    return torch.where((scanned > 0)[:, None], outcome, logits)
