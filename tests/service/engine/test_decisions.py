"""Sequences keep the probabilities of all options of their choices."""

from __future__ import annotations

import pytest

from service.engine.sampler import TargetSequence
from tests.service.engine.test_sampler import CASES, START, alone, assert_same
from tests.support.decoding import batch_memory


@pytest.mark.parametrize("kind", ["copying", "free and copying"])
def test_decisions_have_the_probabilities_of_all_options(kind: str) -> None:
    case = CASES[kind]
    sequences = [TargetSequence(prompt.new_state(), START, keep=True) for prompt in case.prompts]
    batch_decoder, lengths = case.batch_decoder(), [prompt.length for prompt in case.prompts]
    batch_decoder.start(sequences, batch_memory(case.prompts), lengths)
    while batch_decoder.running:
        batch_decoder.step()
    for sequence, expected in zip(sequences, alone(kind), strict=True):
        assert_same(sequence, expected)
        assert expected.decisions == []
        for decision in sequence.decisions:
            assert len(decision.probabilities) > 1
            assert sum(decision.probabilities) == pytest.approx(1, abs=1e-5)
    if kind == "copying":
        pair = sequences[4]
        (decision,), (record,) = pair.decisions, pair.state.records()
        assert len(decision.probabilities) == 3
        assert max(decision.probabilities) == pytest.approx(record.asocs[0].score, abs=1e-5)
    else:
        assert all(sequence.decisions == [] for sequence in sequences)
