from __future__ import annotations

import pytest
import torch
from torch import Tensor

from export.unconstrained_decoding import EOS, PAD, beam, greedy
from models.umie import UMIE
from tests.support.published import Published
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs

BOTH = pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])


def memory(sizes: Sizes, likes_to_end: float = 0.0) -> tuple[UMIE, Published, Tensor, Tensor]:
    """A network, its published twin, fused states (3, L, d) and mask; the end token is likelier."""
    model, published = both(sizes)
    model.output_embeddings[EOS] *= 1 + likes_to_end
    published.state["lm_head.weight"] = model.output_embeddings
    published.state["shared.weight"] = model.shared.weight
    ids, mask, features, boxes, _ = small_inputs(length=8)
    fused = published.fuse(published.text(ids, mask), published.visual(features, boxes))
    return model, published, fused, mask


def next_scores(
    published: Published, prefixes: list[list[int]], fused: Tensor, mask: Tensor
) -> Tensor:
    """Log-probabilities (N, V) behind N prefixes of one sample, computed without any cache."""
    rows = len(prefixes)
    memory = fused.expand(rows, -1, -1), mask.expand(rows, -1)
    states = published.decode(torch.tensor(prefixes), *memory)
    return published.logits(states)[:, -1].log_softmax(-1)


@BOTH
def test_greedy_takes_the_likeliest_token_until_the_end(sizes: Sizes) -> None:
    model, published, fused, mask = memory(sizes, likes_to_end=2.0)
    got = greedy(model, model.decoder.project(fused), mask, 6)
    lengths = set()
    for row in range(3):
        prefix = [PAD]
        while len(prefix) < 6 and prefix[-1] != EOS:
            scores = next_scores(published, [prefix], fused[[row]], mask[[row]])
            prefix.append(int(scores.argmax()))
        assert got[row].tolist() == prefix + [PAD] * (got.shape[1] - len(prefix))
        lengths.add(len(prefix))
    assert got.shape[1] == max(lengths)


@BOTH
def test_a_wide_beam_finds_the_best_of_all_short_targets(sizes: Sizes) -> None:
    model, published, fused, mask = memory(sizes)
    got, scores = beam(model, model.decoder.project(fused), mask, 3, sizes.vocabulary)
    for row in range(3):
        own = fused[[row]], mask[[row]]
        first = next_scores(published, [[PAD]], *own)[0]
        second = next_scores(published, [[PAD, one] for one in range(sizes.vocabulary)], *own)
        best = (float(first[EOS]), [PAD, EOS])
        for one in set(range(sizes.vocabulary)) - {EOS}:
            totals = first[one] + second[one]
            best = max(best, (float(totals[EOS]) / 2, [PAD, one, EOS]))
            totals[EOS] = -torch.inf
            best = max(best, (float(totals.max()) / 3, [PAD, one, int(totals.argmax())]))
        assert got[row].tolist()[: len(best[1])] == best[1]
        assert scores[row].item() == pytest.approx(best[0], abs=1e-5)


@BOTH
def test_a_score_is_the_log_probability_by_length(sizes: Sizes) -> None:
    model, published, fused, mask = memory(sizes, likes_to_end=2.0)
    got, scores = beam(model, model.decoder.project(fused), mask, 6, 5)
    for row in range(3):
        ids = got[row].tolist()
        ids = ids[: ids.index(EOS) + 1] if EOS in ids else ids
        logp = sum(
            float(next_scores(published, [ids[:at]], fused[[row]], mask[[row]])[0, ids[at]])
            for at in range(1, len(ids))
        )
        length = len(ids) - (ids[-1] == EOS)
        assert scores[row].item() == pytest.approx(logp / length, abs=1e-5)


def test_the_first_sample_of_a_batch_is_found_as_if_alone() -> None:
    """Later ones search on for longer, by the rule of the published code."""
    model, _, fused, mask = memory(RELU_TIED, likes_to_end=2.0)
    cross = model.decoder.project(fused)
    for first in range(3):
        order = [first, *({0, 1, 2} - {first})]
        together, scores = beam(model, cross[:, :, order], mask[order], 6, 3)
        alone, score = beam(model, cross[:, :, [first]], mask[[first]], 6, 3)
        width = alone.shape[1]
        assert together[0, :width].tolist() == alone[0].tolist()
        assert set(together[0, width:].tolist()) <= {PAD}
        assert scores[0].item() == pytest.approx(score.item(), abs=1e-5)
