"""Confidence intervals of scores by the bootstrap.

Documents, not items, are resampled with replacement (Efron and Tibshirani, 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from training.evaluation.counts import Counts

RESAMPLES, SEED, LEVEL = 1000, 0, 0.95


def f1_interval(documents: Sequence[Counts]) -> tuple[float, float]:
    """The percentile interval of micro-F1, in 0..1, from the counts of every document.

    The resamples are deterministic for a number of documents. (0, 0) without documents.
    """
    if not documents:
        return 0.0, 0.0
    counts = np.array([(d.correct, d.predicted, d.gold) for d in documents], dtype=np.float32)
    correct, predicted, gold = (_draws(len(documents)) @ counts).T  # (RESAMPLES,) each
    items = predicted + gold
    scores = np.divide(2 * correct, items, out=np.zeros_like(items), where=items > 0)
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(scores, (tail, 100 - tail))
    return float(low), float(high)


@lru_cache(maxsize=4)
def _draws(documents: int) -> NDArray[np.float32]:
    """The number of times that each document is drawn: (RESAMPLES, documents)."""
    generator = np.random.default_rng(SEED)
    shares = np.full(documents, 1 / documents)
    return generator.multinomial(documents, shares, size=RESAMPLES).astype(np.float32)
