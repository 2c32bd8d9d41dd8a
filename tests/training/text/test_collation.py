from __future__ import annotations

import random
from dataclasses import fields, replace

import pytest
import torch

from tasks.instruction import Prompter
from tests.training.text.test_example import GROUNDED, PAIR
from training.text.collation import IGNORED, buckets, collate, collate_spelled, on_device
from training.text.example import Encoded, ExamplePicture, encode, spell


@pytest.fixture
def items(prompter: Prompter) -> list[Encoded]:
    distracted = replace(GROUNDED, records=(), picture=ExamplePicture(2, (1, 2), matched=False))
    examples = (
        replace(GROUNDED, alike={2: frozenset({1, 2})}),
        PAIR,
        replace(GROUNDED, records=(), picture=None, weight=1.0),
        distracted,
    )
    encoded = [encode(example, prompter) for example in examples]
    return [item for item in encoded if item is not None]


def test_rows_are_padded_on_the_right(items: list[Encoded], prompter: Prompter) -> None:
    markers = prompter.tokenizer.markers
    batch = collate(items, markers)
    assert batch.ids.shape == batch.mask.shape == batch.cases.shape
    for row, item in enumerate(items):
        length = len(item.ids)
        assert tuple(batch.ids[row, :length].tolist()) == item.ids
        assert tuple(batch.cases[row, :length].tolist()) == item.cases
        assert batch.mask[row].tolist() == [1] * length + [0] * (batch.ids.shape[1] - length)
        assert (batch.ids[row, length:] == markers.pad).all()
    assert batch.picture_rows.tolist() == [4, -1, -1, 2]
    assert batch.matched.tolist() == [True, False, False, False]


def test_the_decoder_input_is_the_shifted_target(items: list[Encoded], prompter: Prompter) -> None:
    markers = prompter.tokenizer.markers
    batch = collate(items, markers)
    for row, item in enumerate(items):
        prefix = batch.prefix[row].tolist()
        assert prefix[0] == markers.start
        assert prefix[1 : len(item.tokens)] == list(item.tokens[:-1])
        assert set(prefix[len(item.tokens) :]) <= {markers.pad}


def test_every_choice_of_every_step_is_a_candidate(
    items: list[Encoded], prompter: Prompter
) -> None:
    batch = collate(items, prompter.tokenizer.markers)
    choices = [
        (row, number, step, item)
        for row, item in enumerate(items)
        for number, step in enumerate(item.steps)
        if len(step.admitted) > 1
    ]
    laid = batch.candidates
    assert batch.at.tolist() == [[row, number] for row, number, _, _ in choices]
    assert laid.row.tolist() == [row for row, _, _, _ in choices]
    assert laid.width == max(len(step.admitted) for _, _, step, _ in choices)
    assert batch.right.dtype == torch.bool and batch.right.shape == (len(choices), laid.width)
    for decision, (_, number, step, item) in enumerate(choices):
        mine = laid.step == decision
        assert laid.column[mine].tolist() == list(range(len(step.admitted)))
        assert laid.token[mine].tolist() == [s.token for s in step.admitted]
        assert laid.place[mine].tolist() == [s.place for s in step.admitted]
        right = batch.right[decision].nonzero()[:, 0].tolist()
        assert right == item.right(step)
        assert item.tokens[number] in {step.admitted[k].token for k in right}
        assert float(batch.weight[decision]) == item.weight
    assert batch.right.sum(1).unique().tolist() == [1, 2]
    assert torch.equal(laid.step, laid.step.sort().values)


def test_batches_have_everything_once_and_fit(items: list[Encoded]) -> None:
    generator = random.Random(0)
    many = [replace(items[0], ids=(n,) * generator.randint(5, 60)) for n in range(100)]
    batches = list(buckets(many, 200, random.Random(1)))
    assert sorted(id(item) for batch in batches for item in batch) == sorted(map(id, many))
    lengths = [[len(item.ids) for item in batch] for batch in batches]
    assert all(max(batch) * len(batch) <= 200 for batch in lengths)
    assert sum(max(batch) * len(batch) for batch in lengths) < 1.3 * sum(map(sum, lengths))
    assert [max(batch) for batch in lengths] != sorted(max(batch) for batch in lengths)


def test_examples_with_the_same_prompt_stay_together_and_are_encoded_once(
    items: list[Encoded], prompter: Prompter
) -> None:
    same = [replace(items[0], ids=(7,) * 50, tokens=item.tokens) for item in items[:2]]
    other = replace(items[0], ids=(8,) * 50)
    batches = list(buckets([*same, other], 60, random.Random(0)))
    assert sorted(len(batch) for batch in batches) == [1, 2]
    batch = collate([same[0], other, same[1]], prompter.tokenizer.markers)
    assert batch.ids[:, 0].tolist() == [7, 8] and batch.rows.tolist() == [0, 1, 0]
    assert len(batch.prefix) == 3


def test_what_fits_nowhere_has_a_batch_of_its_own(items: list[Encoded]) -> None:
    long = replace(items[0], ids=(1,) * 500)
    short = replace(items[0], ids=(1,) * 50)
    batches = list(buckets([long, short, short], 200, random.Random(0)))
    assert sorted(len(batch) for batch in batches) == [1, 2]


def test_batches_follow_from_the_seed(items: list[Encoded]) -> None:
    many = [replace(items[0], ids=(1,) * length) for length in range(5, 60)]

    def drawn(seed: int) -> list[list[int]]:
        return [[len(i.ids) for i in batch] for batch in buckets(many, 200, random.Random(seed))]

    assert drawn(1) == drawn(1) != drawn(2)


def test_answers_that_are_spelled_are_labels_of_what_comes_next(prompter: Prompter) -> None:
    items = [item for item in (spell(e, prompter) for e in (GROUNDED, PAIR)) if item is not None]
    batch = collate_spelled(items, prompter.tokenizer.markers)
    assert batch.labels.shape == batch.prefix.shape
    for row, item in enumerate(items):
        length = len(item.tokens)
        assert tuple(batch.labels[row, :length].tolist()) == item.tokens
        assert set(batch.labels[row, length:].tolist()) <= {IGNORED}
        assert batch.prefix[row, 1:length].tolist() == list(item.tokens[:-1])
    assert batch.picture_rows.tolist() == [4, -1]


def test_every_tensor_of_a_batch_goes_to_the_device(
    items: list[Encoded], prompter: Prompter
) -> None:
    batch = collate(items, prompter.tokenizer.markers)
    moved = on_device(batch, torch.device("meta"))
    assert moved.candidates.width == batch.candidates.width
    parts = [getattr(moved, f.name) for f in fields(moved) if f.name != "candidates"]
    tensors = [*parts, *(part for part in moved.candidates if isinstance(part, torch.Tensor))]
    assert len(tensors) == 15 and {tensor.device.type for tensor in tensors} == {"meta"}
    assert batch.ids.device.type == "cpu"
