from __future__ import annotations

import pytest
import torch

from models.candidates import (
    TIE,
    Candidates,
    candidate_logits,
    choose,
    lay_out,
    vocabulary_logits,
)
from models.config import PRESETS, UMIEConfig
from models.target_decoder import TargetDecoder

COPYING = PRESETS["compact"].with_(
    vocab_size=60, d_model=24, d_kv=8, d_ff=32, num_heads=3, num_decoder_layers=1, copy_size=8
)
PLAIN = COPYING.with_(copy_size=0, tie_word_embeddings=False)

# Two steps of row 1 and one of row 0: 3, 1 and 2 symbols, some of which copy.
CANDIDATES = Candidates(
    step=torch.tensor([0, 0, 0, 1, 2, 2]),
    column=torch.tensor([0, 1, 2, 0, 0, 1]),
    token=torch.tensor([7, 9, 7, 3, 59, 0]),
    place=torch.tensor([-1, 36, 40, -1, 0, 38]),
    row=torch.tensor([1, 1, 0]),
    width=3,
)


@pytest.mark.parametrize("config", [COPYING, PLAIN], ids=["copying", "plain"])
def test_scores_are_those_of_the_whole_vocabulary_plus_the_pointer(config: UMIEConfig) -> None:
    torch.manual_seed(0)
    model = TargetDecoder(config).eval().requires_grad_(False)
    states = torch.randn(3, 24)
    keys = torch.randn(2, 36 + 10, 8) if config.copy_size else None
    got = candidate_logits(model, states, keys, CANDIDATES)
    assert got.shape == (3, 3)
    whole = states * model.output_scale @ model.output_embeddings.T  # (3, V)
    expected = torch.full((3, 3), -torch.inf)
    steps, columns, tokens, places = (part.tolist() for part in CANDIDATES[:4])
    for step, column, token, place in zip(steps, columns, tokens, places, strict=True):
        expected[step, column] = whole[step, token]
        if model.copy_head is not None and keys is not None and place >= 0:
            key = keys[CANDIDATES.row[step], place]
            expected[step, column] += model.copy_head.query(states[step]) @ key
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_one_token_at_two_places_has_two_scores() -> None:
    torch.manual_seed(0)
    model = TargetDecoder(COPYING).eval().requires_grad_(False)
    got = candidate_logits(model, torch.randn(3, 24), torch.randn(2, 46, 8), CANDIDATES)
    assert got[0, 0] != got[0, 2]


def test_the_missing_symbols_of_a_step_get_no_probability_and_no_gradient() -> None:
    torch.manual_seed(0)
    model = TargetDecoder(COPYING)
    states = torch.randn(3, 24, requires_grad=True)
    keys = torch.randn(2, 46, 8)
    chances = candidate_logits(model, states, keys, CANDIDATES).softmax(-1)
    assert chances[1].tolist() == [1.0, 0.0, 0.0]
    chances[:, 0].sum().backward()
    assert states.grad is not None and bool(torch.isfinite(states.grad).all())


def test_candidates_are_laid_out_step_by_step() -> None:
    symbols = [[(7, -1), (9, 40)], [(5, 2)]]
    laid = lay_out(symbols, [6, 2])
    assert laid.step.tolist() == [0, 0, 1] and laid.column.tolist() == [0, 1, 0]
    assert laid.token.tolist() == [7, 9, 5] and laid.place.tolist() == [-1, 40, 2]
    assert laid.row.tolist() == [6, 2] and laid.width == 2


@pytest.mark.parametrize("config", [COPYING, PLAIN], ids=["copying", "plain"])
def test_the_whole_vocabulary_is_scored_as_its_tokens_are(config: UMIEConfig) -> None:
    torch.manual_seed(0)
    model = TargetDecoder(config).eval().requires_grad_(False)
    states = torch.randn(2, 24)
    every = lay_out([[(token, -1) for token in range(60)]] * 2, [0, 1])
    got = vocabulary_logits(model, states)
    torch.testing.assert_close(got, candidate_logits(model, states, None, every))


def test_the_likeliest_is_chosen_with_its_log_probability() -> None:
    torch.manual_seed(0)
    logits = torch.randn(7, 9) * 4
    column, logp = choose(logits)
    assert column.tolist() == logits.argmax(-1).tolist()
    torch.testing.assert_close(logp, logits.log_softmax(-1).max(-1).values)


def test_of_what_rounding_cannot_tell_apart_the_first_is_chosen() -> None:
    near, far = TIE / 4, TIE * 4
    logits = torch.tensor(
        [[0.0, 1.0, 1.0, 1.0], [0.0, 1.0 - near, 1.0, 0.5], [0.0, 1.0 - far, 0.5, 1.0]]
    )
    for noise in (torch.zeros(3, 4), torch.rand(3, 4) * near, -torch.rand(3, 4) * near):
        assert choose(logits + noise)[0].tolist() == [1, 1, 3]


def test_missing_columns_are_never_chosen() -> None:
    column, logp = choose(torch.tensor([[-torch.inf, -50.0], [3.0, -torch.inf]]))
    assert column.tolist() == [1, 0] and logp.tolist() == [0.0, 0.0]


def test_what_is_no_number_shows_in_the_probability() -> None:
    _, logp = choose(torch.tensor([[torch.nan, 1.0], [2.0, 1.0]]))
    assert logp.isnan().tolist() == [True, False]
