from __future__ import annotations

import pytest
import torch

from models.candidates import Candidates, candidate_logits, lay_out
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
