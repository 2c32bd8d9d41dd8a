"""The beam search beside the rule of transformers 4.28.1, written down once more."""

from __future__ import annotations

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from export.unconstrained_decoding import EOS, PAD, beam, search_beams
from models.config import UMIEConfig
from models.t5 import initialise
from models.target_decoder import TargetDecoder
from tests.support.beam_search import NextScores, reference_beams


class _Table:
    """A scorer over any next scores, a prefix at a time."""

    def __init__(self, next_scores: NextScores, batch: int, beams: int) -> None:
        self._next_scores, self._batch = next_scores, batch
        self.ids = torch.full((batch * beams, 1), PAD)

    def scores(self) -> Tensor:
        samples = self.ids.view(self._batch, -1, self.ids.shape[1])
        return torch.cat([self._next_scores(number, ids) for number, ids in enumerate(samples)])

    def extend(self, rows: Tensor, tokens: Tensor) -> None:
        self.ids = torch.cat([self.ids[rows], tokens[:, None]], dim=1)


def _random_scores(seed: int, vocabulary: int, likes_to_end: float, ties: bool) -> NextScores:
    """Scores that follow from the sample and the prefix; with ties they are multiples of 1/2."""

    def row(sample: int, prefix: list[int]) -> Tensor:
        digest = hashlib.sha256(repr((seed, sample, prefix)).encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:6], "big"))
        logits = torch.randn(vocabulary, generator=generator)
        logits[EOS] += likes_to_end
        return -(2 * logits).round().abs() / 2 if ties else logits.log_softmax(-1)

    return lambda sample, prefixes: torch.stack([row(sample, p) for p in prefixes.tolist()])


def _same(got: tuple[Tensor, Tensor], wanted: tuple[list[list[int]], list[float]]) -> None:
    ids, scores = got
    expected, expected_scores = wanted
    width = max(map(len, expected))
    assert ids.tolist() == [row + [PAD] * (width - len(row)) for row in expected]
    assert scores.tolist() == pytest.approx(expected_scores, rel=1e-6, abs=1e-6)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    batch=st.integers(1, 4),
    beams=st.integers(1, 6),
    length=st.integers(2, 10),
    vocabulary=st.integers(3, 14),
    likes_to_end=st.sampled_from([-2.0, 0.0, 1.0, 2.0, 4.0]),
    ties=st.booleans(),
)
def test_any_scores(
    seed: int,
    batch: int,
    beams: int,
    length: int,
    vocabulary: int,
    likes_to_end: float,
    ties: bool,
) -> None:
    """Ends at every length, ties, and more finished targets than beams."""
    next_scores = _random_scores(seed, vocabulary, likes_to_end, ties)
    got = search_beams(_Table(next_scores, batch, beams), batch, length, beams)
    _same(got, reference_beams(next_scores, batch, length, beams))


def test_later_samples_of_a_batch_search_on_for_longer() -> None:
    """The same scores twice in a batch: the second sample finds a better target by then."""
    scores = _random_scores(1247, 6, 2.0, ties=False)
    ids, found = search_beams(_Table(lambda _, prefixes: scores(0, prefixes), 2, 2), 2, 8, 2)
    assert ids[0].tolist() == [0, 4, 1, 0, 0, 0, 0, 0]
    assert ids[1].tolist() == [0, 5, 2, 4, 4, 2, 0, 0]
    assert found.tolist() == pytest.approx([-0.93264, -0.90554], abs=1e-5)


def _tiny_model(seed: int, tied: bool, gated: bool, likes_to_end: float) -> TargetDecoder:
    torch.manual_seed(seed)
    config = UMIEConfig(
        preset="test",
        text_encoder="t5",
        d_model=8,
        d_kv=4,
        d_ff=16,
        num_heads=2,
        num_layers=1,
        num_decoder_layers=2,
        vocab_size=14,
        feed_forward="gated-gelu" if gated else "relu",
        tie_word_embeddings=tied,
    )
    model = TargetDecoder(config)
    initialise(model, config.d_model, config.d_kv, config.d_ff)
    with torch.no_grad():
        model.output_embeddings[EOS] *= likes_to_end
    # in fp64 the cache and whole prefixes agree far below the gaps between targets
    return model.double().eval().requires_grad_(False)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    beams=st.sampled_from([2, 5]),
    steps=st.integers(2, 10),
    tied=st.booleans(),
    gated=st.booleans(),
    likes_to_end=st.sampled_from([1.0, 2.0, 3.0]),
)
def test_any_tiny_model(
    seed: int,
    lengths: list[int],
    beams: int,
    steps: int,
    tied: bool,
    gated: bool,
    likes_to_end: float,
) -> None:
    model = _tiny_model(seed, tied, gated, likes_to_end)
    fused = torch.randn(len(lengths), max(lengths), model.config.d_model, dtype=torch.float64)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    cross = model.decoder.project(fused)

    def whole_prefixes(sample: int, prefixes: Tensor) -> Tensor:
        rows = [sample] * len(prefixes)
        states = model.decoder(model.embed(prefixes), cross[:, :, rows], mask[rows])[:, -1]
        scores: Tensor = (states * model.output_scale @ model.output_embeddings.T).log_softmax(-1)
        return scores

    got = beam(model, cross, mask, steps, beams)
    _same(got, reference_beams(whole_prefixes, len(lengths), steps, beams))
