"""Beam search written down once more, step by step as transformers 4.28.1 does it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from export.unconstrained_decoding import EOS, PAD

NextScores = Callable[[int, Tensor], Tensor]
"""Log-probabilities (N, V) behind N prefixes (N, T) of the sample with this number."""


class Hypotheses:
    """BeamHypotheses with length penalty 1 and early_stopping False."""

    def __init__(self, beams: int) -> None:
        self.beams = beams
        self.kept: list[tuple[float, list[int]]] = []
        self.worst = 1e9

    def add(self, ids: list[int], logp: float) -> None:
        score = logp / len(ids)
        if len(self.kept) < self.beams or score > self.worst:
            self.kept.append((score, ids))
            if len(self.kept) > self.beams:
                ascending = sorted((kept, at) for at, (kept, _) in enumerate(self.kept))
                del self.kept[ascending[0][1]]
                self.worst = ascending[1][0]
            else:
                self.worst = min(score, self.worst)

    def done(self, best_logp: float, length: int) -> bool:
        return len(self.kept) >= self.beams and self.worst >= best_logp / length


def reference_beams(
    next_scores: NextScores, batch: int, length: int, beams: int
) -> tuple[list[list[int]], list[float]]:
    """The best target of every sample, end token included where it fits, and its score."""
    hypotheses = [Hypotheses(beams) for _ in range(batch)]
    done = [False] * batch
    ids = torch.full((batch, beams, 1), PAD)
    totals = torch.full((batch, beams), -1e9)
    totals[:, 0] = 0.0
    while True:
        scores = torch.stack([next_scores(sample, ids[sample]) for sample in range(batch)])
        vocabulary = scores.shape[-1]
        best, places = (scores + totals[..., None]).view(batch, -1).topk(2 * beams, dim=1)
        totals = torch.zeros_like(best[:, :beams])
        grown = torch.zeros(batch, beams, ids.shape[2] + 1, dtype=torch.long)
        counted = ids.shape[2]
        for sample, ended in enumerate(hypotheses):
            if done[sample]:
                continue
            number = 0
            for rank in range(2 * beams):
                logp = float(best[sample, rank])
                beam, token = divmod(int(places[sample, rank]), vocabulary)
                prefix = ids[sample, beam]
                if token == EOS:
                    if rank < beams:
                        ended.add(prefix.tolist(), logp)
                    continue
                totals[sample, number] = best[sample, rank]
                grown[sample, number] = torch.cat([prefix, torch.tensor([token])])
                number += 1
                if number == beams:
                    break
            counted += 1  # inside the loop over the samples, as it is there
            done[sample] = ended.done(float(best[sample].max()), counted)
        ids = grown
        if all(done) or ids.shape[2] >= length:
            break
    for sample, ended in enumerate(hypotheses):
        if not done[sample]:
            for number in range(beams):
                ended.add(ids[sample, number].tolist(), float(totals[sample, number]))
    winners = [sorted(ended.kept, key=lambda entry: entry[0]).pop() for ended in hypotheses]
    return [[*ids, EOS][:length] for _, ids in winners], [score for score, _ in winners]
