from __future__ import annotations

import pytest

from benchmarks.decoders import Assignment, Ours, Transformers
from benchmarks.decoding import compare, reading
from benchmarks.random_t5 import in_transformers, random_umie
from models.config import PRESETS

CONFIG = PRESETS["base"].with_(
    vocab_size=200,
    d_model=32,
    d_kv=8,
    d_ff=48,
    num_heads=2,
    num_layers=2,
    num_decoder_layers=2,
)
GIVEN = Assignment(
    sources=((5, 6, 7), (8, 9), (10, 11, 12, 13), (14, 15), (16, 17, 18)),
    lengths=(4, 12, 1, 7, 3),
    batch=2,
)


# transformers itself sets a deprecated name where it makes a network from a configuration
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_transformers_writes_what_we_write() -> None:
    model = random_umie(CONFIG)
    decoders = {
        "ours": Ours(model, GIVEN),
        "transformers": Transformers(in_transformers(model), GIVEN),
    }
    ours, theirs = (decoder.write() for decoder in decoders.values())
    assert [len(ids) for ids in ours.ids] == list(GIVEN.lengths)
    assert ours.ids == theirs.ids
    assert len({tuple(ids) for ids in ours.ids}) == len(ours.ids)
    assert ours.tokens == theirs.tokens == 27
    found = compare(GIVEN, decoders, runs=1)
    assert found["alike"] == {"ours": 5, "transformers": 5}
    assert found["rates"].keys() == decoders.keys()
    assert found["steps"] == {"ours": 15, "transformers": 12 + 7 + 3}


def test_what_a_step_reads() -> None:
    model = random_umie(CONFIG)
    read = reading(model)
    weights = [*model.decoder.parameters(), model.output_embeddings]
    assert read["bytes"] == 4 * sum(weight.numel() for weight in weights)
    assert read["seconds"] > 0


def test_an_assignment_is_the_same_every_time_and_mostly_short() -> None:
    given = Assignment.of(96, 32, 1000)
    assert given == Assignment.of(96, 32, 1000)
    assert min(given.lengths) >= 4
    assert max(given.lengths) > 3 * given.tokens / 96
    assert [len(rows) for rows in given.batches()] == [32, 32, 32]


def test_the_last_batch_may_be_smaller() -> None:
    assert [list(rows) for rows in GIVEN.batches()] == [[0, 1], [2, 3], [4]]
