from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.bracket_depth import DEPTHS, BracketDepth
from models.config import PRESETS
from models.target_decoder import TargetDecoder

OPEN, CLOSE = 1, 2
CONFIG = PRESETS["compact"].with_(vocab_size=40, d_model=16, d_kv=4, num_decoder_layers=1)


def test_depths_count_the_brackets_that_are_open() -> None:
    nesting = BracketDepth((OPEN, CLOSE), 4)
    prefix = torch.tensor([[0, 1, 1, 9, 1, 9, 2, 2, 2], [0, 1, 2, 0, 0, 0, 0, 0, 0]])
    assert nesting.depths(prefix).tolist() == [
        [0, 1, 2, 2, 3, 3, 2, 1, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0],
    ]


@given(tokens=st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_token_by_token_the_depths_are_the_same(tokens: list[int]) -> None:
    nesting, depth, depths = BracketDepth((OPEN, CLOSE), 4), 0, list[int]()
    for token in tokens:
        depth = nesting.behind(depth, token)
        depths.append(depth)
    assert nesting.depths(torch.tensor(tokens)).tolist() == depths


def test_nothing_changes_before_training() -> None:
    decoder = TargetDecoder(CONFIG)
    tokens = torch.tensor([[0, 1, 1, 7, 2, 2]])
    assert torch.equal(decoder.embed(tokens), decoder.shared(tokens))


def test_depths_are_told_and_can_be_given() -> None:
    decoder = TargetDecoder(CONFIG)
    assert decoder.nesting is not None
    torch.nn.init.normal_(decoder.nesting.table)
    tokens = torch.tensor([[0, 1, 1, 7, 2, 2]])
    embedded = decoder.embed(tokens)
    assert not torch.allclose(embedded[0, 3], decoder.shared(tokens)[0, 3])
    given_depths = decoder.embed(tokens[0, 3:], torch.tensor([2, 1, 0]))
    assert torch.equal(embedded[0, 3:], given_depths)


def test_what_is_too_deep_counts_as_the_deepest() -> None:
    nesting = BracketDepth((OPEN, CLOSE), 4)
    torch.nn.init.normal_(nesting.table)
    told = nesting(torch.tensor([-1, 0, DEPTHS - 1, DEPTHS + 5]))
    assert torch.equal(told[0], told[1]) and torch.equal(told[2], told[3])


def test_the_published_decoder_has_none() -> None:
    decoder = TargetDecoder(CONFIG.with_(brackets=None))
    assert decoder.nesting is None
    tokens = torch.tensor([[0, 1, 2]])
    assert torch.equal(decoder.embed(tokens), decoder.shared(tokens))
