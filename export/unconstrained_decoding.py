"""Unconstrained decoding as the published code does it, for comparison (reference section 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from models.candidates import choose
from models.layout import Layout
from models.t5 import padding_bias
from models.target_decoder import TargetDecoder

PAD, EOS = 0, 1
"""T5's; the pad token also starts every target."""
_NEVER = -1e9


class _CachedDecoder:
    """Prefixes that share one KV cache and grow by a token at a time."""

    def __init__(self, model: TargetDecoder, cross: Tensor, mask: Tensor, length: int) -> None:
        self.model, self.cross, self.bias = model, cross, padding_bias(mask)
        rows = len(mask)
        self.ids = torch.full((rows, 1), PAD, device=cross.device)
        self._cache = model.decoder.cache(rows, length)

    def scores(self) -> Tensor:
        """Log-probabilities of the next token (rows, V)."""
        rows, length = self.ids.shape
        layout = Layout.of([length - 1] * rows, [1] * rows, self.ids.device)
        embedded = self.model.embed(self.ids)[:, -1]  # (rows, d)
        state = self.model.decoder.step(embedded, layout, self._cache, self.cross, self.bias)
        logits = state * self.model.output_scale @ self.model.output_embeddings.T
        return logits.log_softmax(-1)

    def extend(self, rows: Tensor, tokens: Tensor) -> None:
        """Append `tokens` to the prefixes of `rows`."""
        self.ids = torch.cat([self.ids[rows], tokens[:, None]], dim=1)
        self._cache.keep(rows.tolist())


@torch.inference_mode()
def greedy(model: TargetDecoder, cross: Tensor, mask: Tensor, length: int) -> Tensor:
    """The likeliest token at every step.

    Args:
        model: in evaluation mode.
        cross: (D, 2, B, H, L, k) from `Decoder.project`.
        mask: (B, L) 1 real, 0 padding.
        length: longest target, start token included.

    Returns:
        (B, T) ids from the start token on, padded behind the end token; T is at most `length`.
    """
    writer = _CachedDecoder(model, cross, mask, length)
    rows = torch.arange(len(mask), device=mask.device)
    done = torch.zeros(len(mask), dtype=torch.bool, device=mask.device)
    while writer.ids.shape[1] < length and not bool(done.all()):
        tokens = choose(writer.scores())[0].masked_fill(done, PAD)
        writer.extend(rows, tokens)
        done |= tokens == EOS
    return writer.ids


@dataclass
class _Finished:
    """The best complete targets of one sample in order of arrival; score: log-probability / length.

    Of equal scores the oldest leaves first, and the newest wins.
    """

    size: int
    kept: list[tuple[float, list[int]]] = field(default_factory=list)

    def add(self, ids: list[int], logp: float) -> None:
        """Keep `ids`, which count the start token and not the end token, if good enough."""
        score = logp / len(ids)
        if len(self.kept) == self.size:
            scores = [kept for kept, _ in self.kept]
            worst = min(scores)
            if score <= worst:
                return
            del self.kept[scores.index(worst)]
        self.kept.append((score, ids))

    def settled(self, best_open: float, length: int) -> bool:
        """Whether no open target of log-probability `best_open` and this length does better."""
        worst = min((score for score, _ in self.kept), default=0.0)
        return len(self.kept) == self.size and worst >= best_open / length

    def best(self) -> tuple[float, list[int]]:
        """The score and ids of the best target."""
        return max(reversed(self.kept), key=lambda entry: entry[0])


class Scorer(Protocol):
    """Prefixes of `ids` (rows, T), of which a search asks for the next scores."""

    ids: Tensor

    def scores(self) -> Tensor:
        """Log-probabilities of the next token (rows, V)."""

    def extend(self, rows: Tensor, tokens: Tensor) -> None:
        """Go on with `tokens` (rows,) behind the prefixes of `rows` (rows,)."""


@torch.inference_mode()
def beam(
    model: TargetDecoder, cross: Tensor, mask: Tensor, length: int, beams: int
) -> tuple[Tensor, Tensor]:
    """Beam search by the rule of `search_beams`.

    Args:
        model, cross, mask, length: as in `greedy`.
        beams: how many targets of a sample stay open.

    Returns:
        (B, T) ids of the best targets and their scores (B,).
    """
    spread = torch.arange(len(mask), device=mask.device).repeat_interleave(beams)
    scorer = _CachedDecoder(model, cross[:, :, spread], mask[spread], length)
    return search_beams(scorer, len(mask), length, beams)


def search_beams(scorer: Scorer, batch: int, length: int, beams: int) -> tuple[Tensor, Tensor]:
    """Beam search by the rule of transformers 4.28.1, which differs from later releases.

    That release adds one to the length in its stopping rule for every sample of the batch that is
    still open, not once for the step: later samples of a batch search on for longer, and the result
    of a sample depends on those before it.

    Args:
        scorer: of start tokens (B * beams, 1), sample by sample.
        batch: B.
        length: longest target, start token included.
        beams: how many targets of a sample stay open.

    Returns:
        (B, T) ids of the best targets, padded behind the end token, and their scores (B,).
    """
    device = scorer.ids.device
    totals = torch.full((batch, beams), _NEVER, device=device)
    totals[:, 0] = 0.0
    finished = [_Finished(beams) for _ in range(batch)]
    settled = [False] * batch
    while scorer.ids.shape[1] < length and not all(settled):
        scores = scorer.scores()  # (B * beams, V)
        summed = (totals.view(-1, 1) + scores).view(batch, -1)
        best, places = summed.topk(2 * beams, dim=1)
        rows = torch.arange(batch * beams, device=device)
        tokens = torch.full_like(rows, PAD)
        totals = torch.zeros((batch, beams), device=device, dtype=scores.dtype)
        counted = scorer.ids.shape[1]
        for sample, ended in enumerate(finished):
            if settled[sample]:
                continue
            choices = _choose(
                scorer.ids, best[sample], places[sample], scores.shape[1], sample * beams, ended
            )
            for number, (logp, row, token) in enumerate(choices[:beams]):
                totals[sample, number] = logp
                rows[sample * beams + number], tokens[sample * beams + number] = row, token
            counted += 1
            settled[sample] = ended.settled(float(best[sample, 0]), counted)
        scorer.extend(rows, tokens)
    _close(finished, settled, scorer.ids, totals)
    return _best(finished, length, device)


def _choose(
    ids: Tensor, best: Tensor, places: Tensor, vocabulary: int, first: int, ended: _Finished
) -> list[tuple[float, int, int]]:
    """Open continuations (log-probability, row, token), likeliest first; complete ones are kept."""
    choices = []
    for rank, (logp, place) in enumerate(zip(best.tolist(), places.tolist(), strict=True)):
        row, token = first + place // vocabulary, place % vocabulary
        if token != EOS:
            choices.append((logp, row, token))
        elif rank < ended.size:
            ended.add(ids[row].tolist(), logp)
    return choices


def _close(finished: list[_Finished], settled: list[bool], ids: Tensor, totals: Tensor) -> None:
    """Unfinished targets compete with the finished ones of their sample."""
    beams = totals.shape[1]
    for sample, ended in enumerate(finished):
        if not settled[sample]:
            for number, logp in enumerate(totals[sample].tolist()):
                ended.add(ids[sample * beams + number].tolist(), logp)


def _best(finished: list[_Finished], length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    scores, winners = zip(*(ended.best() for ended in finished), strict=True)
    width = min(max(map(len, winners)) + 1, length)
    ids = torch.full((len(winners), width), PAD, device=device)
    for row, winner in enumerate(winners):
        whole = torch.tensor([*winner, EOS][:width], device=device)
        ids[row, : len(whole)] = whole
    return ids, torch.tensor(scores, device=device)
