from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from export.unconstrained_decoding import greedy
from models.config import PRESETS, UMIEConfig
from models.target_decoder import TargetDecoder
from models.umie import Memory
from service.engine.sampler import BatchDecoder, TargetSequence
from tasks import form
from tasks.context import Context
from tasks.decoding_state import DecodingState, FreeDecodingState
from tasks.lenient_parser import LenientParser
from tasks.records import Record
from tasks.source import Source
from tests.support.bundle import CONFIG
from tests.support.decoding import (
    PLAIN,
    TOKENIZER,
    FusedPrompt,
    batch_memory,
    decoder_of,
    memory_of,
    pool,
)

LENGTH, STEPS = 160, 40
START = TOKENIZER.markers.start
PARSER = LenientParser(Source("", (), (), ()), form.ENTITIES, TOKENIZER)


@dataclass(frozen=True)
class Case:
    """A decoder, and prompts for it."""

    decoder: TargetDecoder
    prompts: list[FusedPrompt]

    def batch_decoder(self, slots: int = 9, steps: int = STEPS) -> BatchDecoder:
        return BatchDecoder(self.decoder, slots, steps, LENGTH)


def case_of(config: UMIEConfig, free: bool) -> Case:
    prompts = pool(config, free=free)
    return Case(decoder_of(config), prompts[:3] if free else prompts)


CASES = {
    "copying": case_of(CONFIG, free=False),
    "tokens": case_of(PLAIN, free=False),
    "free": case_of(PLAIN, free=True),
    "free and copying": case_of(CONFIG, free=True),
}
EVERY_CASE = pytest.mark.parametrize("kind", CASES)


def start(batch_decoder: BatchDecoder, prompts: list[FusedPrompt]) -> list[TargetSequence]:
    sequences = [TargetSequence(prompt.new_state(), START) for prompt in prompts]
    batch_decoder.start(sequences, batch_memory(prompts), [prompt.length for prompt in prompts])
    return sequences


def decode(batch_decoder: BatchDecoder, prompts: list[FusedPrompt]) -> list[TargetSequence]:
    sequences = start(batch_decoder, prompts)
    while batch_decoder.running:
        batch_decoder.step()
    return sequences


@cache
def alone(kind: str) -> list[TargetSequence]:
    """The sequence of each prompt of a case, decoded alone."""
    case = CASES[kind]
    return [decode(case.batch_decoder(1), [prompt])[0] for prompt in case.prompts]


def numbers(records: Sequence[Record]) -> Iterator[float]:
    for record in records:
        yield from (record.score, *(asoc.score for asoc in record.asocs))


def assert_same(got: TargetSequence, expected: TargetSequence) -> None:
    assert got.failure is None and got.tokens == expected.tokens
    mine, theirs = got.state.records(), expected.state.records()
    assert [r.unscored() for r in mine] == [r.unscored() for r in theirs]
    assert list(numbers(mine)) == pytest.approx(list(numbers(theirs)), abs=1e-5)


def decode_plainly(decoder: TargetDecoder, prompt: FusedPrompt) -> tuple[DecodingState, list[int]]:
    """Decode a prompt without cache, slots or forced tokens.

    Every step reads the whole prefix and scores the whole vocabulary.
    """
    state, tokens = prompt.new_state(), list[int]()
    mask = torch.ones(1, prompt.length)
    while not state.done and len(tokens) < STEPS:
        prefix = decoder.embed(torch.tensor([[START, *tokens]]))
        last = decoder.decoder(prefix, prompt.memory.cross, mask)[0, -1]  # (d,)
        whole = last @ decoder.output_embeddings.T * decoder.output_scale  # (V,)
        options = state.options()
        if options is not None:
            whole = torch.stack(
                [whole[token] + pointer(decoder, last, prompt, place) for token, place in options]
            )
        logps = torch.log_softmax(whole, dim=-1)
        best = int(logps.argmax())
        tokens.append(state.append(best, float(logps[best])))
    return state, tokens


def pointer(decoder: TargetDecoder, state: Tensor, prompt: FusedPrompt, place: int) -> Tensor:
    if place < 0 or decoder.copy_head is None:
        return torch.zeros(())
    assert prompt.memory.copy_keys is not None
    return decoder.copy_head.query(state) @ prompt.memory.copy_keys[0, place]


@EVERY_CASE
def test_slots_and_caches_do_not_change_answers(kind: str) -> None:
    case = CASES[kind]
    sequences = decode(case.batch_decoder(), case.prompts)
    for sequence, prompt in zip(sequences, case.prompts, strict=True):
        state, tokens = decode_plainly(case.decoder, prompt)
        assert sequence.tokens[: len(tokens)] == tokens
        if not state.done:  # a sequence has the forced tokens behind its last step, too
            assert len(tokens) == STEPS
            continue
        mine, theirs = sequence.state.records(), state.records()
        assert [r.unscored() for r in mine] == [r.unscored() for r in theirs]
        assert list(numbers(mine)) == pytest.approx(list(numbers(theirs)), abs=1e-5)


def test_the_answers_differ() -> None:
    sequences = alone("copying")
    lengths = [len(sequence.tokens) for sequence in sequences]
    assert max(lengths) > 2 * min(lengths)
    values = [score for sequence in sequences for score in numbers(sequence.state.records())]
    assert len({round(score, 4) for score in values}) > len(values) / 2


@EVERY_CASE
@given(data=st.data(), slots=st.integers(1, 6))
@settings(max_examples=8)
def test_an_answer_does_not_depend_on_the_batch(kind: str, data: st.DataObject, slots: int) -> None:
    """Prompts start in any order, while others are at any position."""
    case = CASES[kind]
    order = data.draw(st.permutations(range(len(case.prompts))))
    batch_decoder, waiting, sequences = (
        case.batch_decoder(slots),
        list(order),
        dict[int, TargetSequence](),
    )
    while waiting or batch_decoder.running:
        count = data.draw(st.integers(0 if batch_decoder.running else 1, min(3, slots)))
        starting = [waiting.pop() for _ in range(min(count, batch_decoder.free, len(waiting)))]
        if starting:
            started = start(batch_decoder, [case.prompts[i] for i in starting])
            sequences.update(zip(starting, started, strict=True))
        if batch_decoder.running:
            batch_decoder.step()
    for i, expected in enumerate(alone(kind)):
        assert_same(sequences[i], expected)


def test_answers_of_the_shipped_size_do_not_depend_on_the_batch() -> None:
    config = PRESETS["compact"]
    case = Case(decoder_of(config), pool(config))
    batch_decoder, sequences = case.batch_decoder(6), list[TargetSequence]()
    for prompt in case.prompts:
        while not batch_decoder.free:
            batch_decoder.step()
        sequences += start(batch_decoder, [prompt])
        batch_decoder.step()
    while batch_decoder.running:
        batch_decoder.step()
    for prompt, sequence in zip(case.prompts, sequences, strict=True):
        (single,) = decode(case.batch_decoder(1), [prompt])
        assert_same(sequence, single)


@pytest.mark.parametrize("config", [CONFIG, PLAIN], ids=["tied", "untied"])
@pytest.mark.parametrize("length", [4, 25])
def test_free_answers_equal_the_published_greedy_search(config: UMIEConfig, length: int) -> None:
    """With the published ids: 0 starts and pads an answer, 1 ends it."""
    decoder = decoder_of(config)
    decoder.output_embeddings[1] *= 2.0  # makes the end token likelier
    prompts = pool(config)
    batch_decoder = BatchDecoder(decoder, 9, length, LENGTH)
    sequences = [TargetSequence(FreeDecodingState(PARSER, 1), 0) for _ in prompts]
    batch_decoder.start(sequences, batch_memory(prompts), [prompt.length for prompt in prompts])
    while batch_decoder.running:
        batch_decoder.step()
    for prompt, sequence in zip(prompts, sequences, strict=True):
        found = greedy(decoder, prompt.memory.cross, torch.ones(1, prompt.length), length + 1)
        assert sequence.tokens == found[0].tolist()[1:]
    assert length == 4 or len({len(sequence.tokens) for sequence in sequences}) > 1


@EVERY_CASE
def test_an_answer_that_is_too_long_keeps_its_finished_items(kind: str) -> None:
    case = CASES[kind]
    cut = decode(case.batch_decoder(steps=17), case.prompts)
    shortened = 0
    for long, short in zip(alone(kind), cut, strict=True):
        assert long.tokens[: len(short.tokens)] == short.tokens
        records, kept = long.state.records(), short.state.records()
        assert [r.span for r in kept] == [r.span for r in records[: len(kept)]]
        shortened += not short.state.done
        assert short.state.done or len(short.tokens) >= 17
    assert shortened


def test_a_step_reads_several_forced_tokens() -> None:
    case = CASES["copying"]
    steps: list[int] = []
    batch_decoder = BatchDecoder(case.decoder, 4, STEPS, LENGTH, steps.append)
    # the head of a pair is forced, then one relation is chosen, then the rest is forced
    (sequence,) = decode(batch_decoder, [case.prompts[4]])
    assert len(sequence.tokens) > 8 and steps == [1]
    steps.clear()
    sequences = decode(batch_decoder, [case.prompts[i] for i in (0, 1, 4)])
    assert steps[0] == 3 and steps == sorted(steps, reverse=True)
    assert len(steps) < max(len(sequence.tokens) for sequence in sequences)


class Forced:
    """A decoding state without a choice."""

    def __init__(self, tokens: list[int]) -> None:
        self._left = tokens

    @property
    def done(self) -> bool:
        return not self._left

    def options(self) -> list[tuple[int, int]]:
        return [(token, -1) for token in self._left[:1]]

    def append(self, option: int, logp: float) -> int:
        assert (option, logp) == (0, 0.0)
        return self._left.pop(0)

    def records(self) -> tuple[Record, ...]:
        return ()


def test_an_answer_without_a_choice_takes_no_slot() -> None:
    batch_decoder = CASES["copying"].batch_decoder(1)
    prompts = [FusedPrompt(lambda: Forced([1, 2, 3]), memory_of(CONFIG, 5, 0), 5)]
    (sequence,) = start(batch_decoder, prompts)
    assert sequence.tokens == [1, 2, 3] and sequence.state.done
    assert batch_decoder.running == 0 and batch_decoder.free == 1


class Failing:
    """A decoding state that raises after some tokens."""

    def __init__(self, inner: DecodingState, after: int) -> None:
        self._inner, self._after = inner, after

    @property
    def done(self) -> bool:
        return self._inner.done

    def options(self) -> Sequence[tuple[int, int]] | None:
        return self._inner.options()

    def context(self) -> Context:
        return self._inner.context()

    def append(self, option: int, logp: float) -> int:
        self._after -= 1
        if self._after < 0:
            raise KeyError("a broken grammar")
        return self._inner.append(option, logp)

    def records(self) -> tuple[Record, ...]:
        return self._inner.records()


@EVERY_CASE
@pytest.mark.parametrize("after", [2, 5])
def test_a_failed_sequence_does_not_affect_others(kind: str, after: int) -> None:
    case = CASES[kind]
    prompts = list(case.prompts)
    prompts[1] = FusedPrompt(
        lambda: Failing(case.prompts[1].new_state(), after), prompts[1].memory, prompts[1].length
    )
    batch_decoder = case.batch_decoder(len(prompts))
    for i, sequence in enumerate(decode(batch_decoder, prompts)):
        if i == 1:
            assert isinstance(sequence.failure, KeyError)
        else:
            assert_same(sequence, alone(kind)[i])
    assert batch_decoder.free == len(prompts)


@EVERY_CASE
@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_a_memory_that_is_not_finite_does_not_affect_others(kind: str, factor: float) -> None:
    case = CASES[kind]
    bad = case.prompts[1]
    memory = Memory(bad.memory.gate, bad.memory.cross * factor, bad.memory.copy_keys)
    batch_decoder = case.batch_decoder(2)
    failed, valid = start(
        batch_decoder, [FusedPrompt(bad.new_state, memory, bad.length), case.prompts[0]]
    )
    while batch_decoder.running:
        batch_decoder.step()
    assert isinstance(failed.failure, ArithmeticError)
    assert_same(valid, alone(kind)[0])
    # nor the next sequence of its slot, though its prompt is shorter
    for i, sequence in enumerate(decode(batch_decoder, case.prompts[:2])):
        assert_same(sequence, alone(kind)[i])


@EVERY_CASE
def test_a_dropped_sequence_does_not_affect_others(kind: str) -> None:
    case = CASES[kind]
    batch_decoder = case.batch_decoder(3)
    sequences = start(batch_decoder, case.prompts[:3])
    ended = batch_decoder.step()
    dropped = next(sequence for sequence in sequences if sequence not in ended)
    batch_decoder.drop(dropped)
    assert batch_decoder.free == 1 + len(ended)
    (late,) = start(batch_decoder, case.prompts[:1])
    while batch_decoder.running:
        batch_decoder.step()
    assert not dropped.state.done
    assert_same(late, alone(kind)[0])
    for sequence, expected in zip(sequences, alone(kind), strict=False):
        if sequence is not dropped:
            assert_same(sequence, expected)


def test_every_choice_counts_in_a_score() -> None:
    """If all logits are equal, the probability of a choice is one by the number of options."""
    decoder = decoder_of(CONFIG)
    decoder.shared.weight.zero_()
    assert decoder.copy_head is not None
    decoder.copy_head.query.weight.zero_()
    decoder.copy_head.query.bias.zero_()
    pair = pool(CONFIG)[4]  # one choice among three relations
    (sequence,) = decode(BatchDecoder(decoder, 1, STEPS, LENGTH), [pair])
    ((asoc,),) = (record.asocs for record in sequence.state.records())
    assert math.isclose(asoc.score, 1 / 3, rel_tol=1e-6)
    assert asoc.label == "knows"  # the first of equal options


@EVERY_CASE
def test_ties_do_not_depend_on_the_batch(kind: str) -> None:
    """Pairs of tokens whose scores differ by rounding only."""
    case = CASES[kind]
    decoder = decoder_of(case.decoder.config)
    embeddings = decoder.output_embeddings
    embeddings[1::2] = embeddings[: 2 * (len(embeddings) // 2) : 2][: len(embeddings[1::2])]
    twins = Case(decoder, case.prompts)
    batched = decode(twins.batch_decoder(), twins.prompts)
    for prompt, sequence in zip(twins.prompts, batched, strict=True):
        (single,) = decode(twins.batch_decoder(1), [prompt])
        assert_same(sequence, single)


def test_half_precision_changes_few_answers() -> None:
    case = CASES["copying"]
    half = decoder_of(CONFIG).to(torch.bfloat16)
    sequences = decode(BatchDecoder(half, 9, STEPS, LENGTH), case.prompts)
    assert all(sequence.failure is None for sequence in sequences)
    same = [a.tokens[:6] == b.tokens[:6] for a, b in zip(sequences, alone("copying"), strict=True)]
    assert sum(same) > len(same) / 2


def test_a_prompt_longer_than_a_slot_is_refused() -> None:
    batch_decoder = BatchDecoder(CASES["copying"].decoder, 2, STEPS, 10)
    with pytest.raises(ValueError, match="at most 10"):
        start(batch_decoder, CASES["copying"].prompts[1:2])
    assert batch_decoder.free == 2 and batch_decoder.running == 0
