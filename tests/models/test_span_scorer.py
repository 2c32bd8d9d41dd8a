from __future__ import annotations

from math import exp, log

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.candidates import candidate_logits, choose, lay_out
from models.span_scorer import Contexts, SpanScorer, scan
from tests.support.bundle import CONFIG, tiny_model

LOGITS = st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=9)
SPAN_FIRST = CONFIG.with_(span_first=True, scorer_size=8, brackets=None)


def brute(logits: list[float], scanned: int) -> list[float]:
    """The probability of each option, one place after the other."""
    chances, left = [], 1.0
    for logit in logits[:scanned]:
        taken = 1 / (1 + exp(-logit))
        chances.append(left * taken)
        left *= 1 / (1 + exp(logit))
    rest = [exp(logit) for logit in logits[scanned:]]
    return chances + [left * value / sum(rest) for value in rest]


@given(logits=LOGITS, data=st.data())
def test_a_scan_takes_or_passes_one_place_after_the_other(
    logits: list[float], data: st.DataObject
) -> None:
    scanned = data.draw(st.integers(1, len(logits) - 1))
    chances = scan(torch.tensor([logits]).double(), torch.tensor([scanned]))[0].exp()
    torch.testing.assert_close(chances.sum(), torch.ones((), dtype=torch.float64))
    expected = torch.tensor(brute(logits, scanned), dtype=torch.float64)
    torch.testing.assert_close(chances, expected, rtol=1e-6, atol=1e-12)


@given(logits=LOGITS, padding=st.integers(0, 5))
def test_a_scan_does_not_depend_on_what_it_is_batched_with(
    logits: list[float], padding: int
) -> None:
    alone = scan(torch.tensor([logits]), torch.tensor([1]))
    padded = torch.tensor([logits + [-torch.inf] * padding, [0.5] * (len(logits) + padding)])
    together = scan(padded, torch.tensor([1, 0]))
    torch.testing.assert_close(together[:1, : len(logits)], alone)
    assert together[0, len(logits) :].isneginf().all()
    assert torch.equal(together[1], padded[1])


def test_the_next_place_wins_however_many_good_ones_come_later() -> None:
    logits = torch.tensor([[3.0] * 12 + [0.0]])
    column, logp = choose(scan(logits, torch.tensor([12])))
    assert column.item() == 0
    assert logp.item() == pytest.approx(log(1 / (1 + exp(-3))), abs=1e-5)


def test_what_is_no_number_stays_none() -> None:
    logits = torch.tensor([[1.0, torch.nan, 0.0], [1.0, 2.0, 0.0]])
    _, logp = choose(scan(logits, torch.tensor([2, 2])))
    assert logp[0].isnan() and not logp[1].isnan()


def contexts(*rows: tuple[int, int, int, int, int, int]) -> Contexts:
    values = torch.tensor(rows)
    return Contexts(values[:, 0], values[:, 1:5], values[:, 5])


def test_a_query_reads_the_ends_that_are_known_and_nothing_without_a_kind() -> None:
    torch.manual_seed(0)
    scorer = SpanScorer(SPAN_FIRST).eval()
    states, ends = torch.randn(3, 48), torch.randn(3, 4, 48)
    about = contexts((3, 40, 41, -1, -1, 0), (3, 40, 41, -1, -1, 0), (0, -1, -1, -1, -1, 0))
    states[1], ends[1, :2] = states[0], ends[0, :2]
    queries = scorer.queries(states, ends, about)
    torch.testing.assert_close(queries[0], queries[1])
    assert (queries[2] == 0).all()
    ends[1, 0] += 1
    assert not torch.allclose(scorer.queries(states, ends, about)[1], queries[1])


def test_scores_alone_are_scores_in_any_batch() -> None:
    model = tiny_model(config=SPAN_FIRST)
    torch.manual_seed(1)
    keys, states = torch.randn(3, 36 + 9, model.copy_width), torch.randn(3, 48)
    options = [[(7, 38), (8, 40), (2, -1)], [(9, 37), (4, -1)], [(5, 39), (6, 42)]]
    about = [(1, -1, -1, -1, -1, 2), (4, 37, 38, -1, -1, 1), (3, 36, 39, -1, -1, 0)]
    with torch.no_grad():
        laid = lay_out(options, [0, 1, 2], contexts=about)
        together = candidate_logits(model, states, keys, laid)
        for row in range(3):
            alone = lay_out([options[row]], [0], contexts=[about[row]])
            logits = candidate_logits(model, states[row : row + 1], keys[row : row + 1], alone)
            width = len(options[row])
            torch.testing.assert_close(logits[0], together[row, :width], rtol=1e-5, atol=1e-5)
            assert together[row, width:].isneginf().all()
    assert together[:2].exp().sum(-1).allclose(torch.ones(2))
