from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.running import (
    PLAIN,
    TOKENIZER,
    Asked,
    decoder_of,
    memory_of,
    pool,
    together,
)
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

LENGTH, STEPS = 160, 40
START = TOKENIZER.markers.start
SALVAGE = LenientParser(Source("", (), (), ()), form.ENTITIES, TOKENIZER)


@dataclass(frozen=True)
class World:
    """A decoder and what is asked of it."""

    decoder: TargetDecoder
    asked: list[Asked]

    def decoder_batch(self, slots: int = 9, steps: int = STEPS) -> BatchDecoder:
        return BatchDecoder(self.decoder, slots, steps, LENGTH)


def world(config: UMIEConfig, free: bool) -> World:
    asked = pool(config, free=free)
    return World(decoder_of(config), asked[:3] if free else asked)


WORLDS = {
    "copying": world(CONFIG, free=False),
    "tokens": world(PLAIN, free=False),
    "free": world(PLAIN, free=True),
    "free and copying": world(CONFIG, free=True),
}
EVERY_WORLD = pytest.mark.parametrize("kind", WORLDS)


def enter(decoder_batch: BatchDecoder, asked: list[Asked]) -> list[TargetSequence]:
    sequences = [TargetSequence(one.utter(), START) for one in asked]
    decoder_batch.begin(sequences, together(asked), [one.length for one in asked])
    return sequences


def answer(decoder_batch: BatchDecoder, asked: list[Asked]) -> list[TargetSequence]:
    sequences = enter(decoder_batch, asked)
    while decoder_batch.running:
        decoder_batch.step()
    return sequences


@cache
def alone(kind: str) -> list[TargetSequence]:
    """What each prompt of a world is answered when nobody else asks anything."""
    here = WORLDS[kind]
    return [answer(here.decoder_batch(1), [asked])[0] for asked in here.asked]


def numbers(records: Sequence[Record]) -> Iterator[float]:
    for record in records:
        yield from (record.score, *(asoc.score for asoc in record.asocs))


def assert_same(got: TargetSequence, expected: TargetSequence) -> None:
    assert got.failure is None and got.said == expected.said
    mine, theirs = got.state.records(), expected.state.records()
    assert [r.unscored() for r in mine] == [r.unscored() for r in theirs]
    assert list(numbers(mine)) == pytest.approx(list(numbers(theirs)), abs=1e-5)


def plainly(decoder: TargetDecoder, asked: Asked) -> tuple[DecodingState, list[int]]:
    """An answer without cache, slots or shortcuts.

    Every step reads the whole prefix, scores the whole vocabulary and takes what is admitted.
    """
    state, said = asked.utter(), list[int]()
    mask = torch.ones(1, asked.length)
    while not state.done and len(said) < STEPS:
        prefix = decoder.embed(torch.tensor([[START, *said]]))
        last = decoder.decoder(prefix, asked.memory.cross, mask)[0, -1]  # (d,)
        whole = last @ decoder.output_embeddings.T * decoder.output_scale  # (V,)
        options = state.options()
        if options is not None:
            whole = torch.stack(
                [whole[token] + pointer(decoder, last, asked, place) for token, place in options]
            )
        logps = torch.log_softmax(whole, dim=-1)
        best = int(logps.argmax())
        said.append(state.say(best, float(logps[best])))
    return state, said


def pointer(decoder: TargetDecoder, state: Tensor, asked: Asked, place: int) -> Tensor:
    if place < 0 or decoder.copy_head is None:
        return torch.zeros(())
    assert asked.memory.copy_keys is not None
    return decoder.copy_head.query(state) @ asked.memory.copy_keys[0, place]


@EVERY_WORLD
def test_slots_caches_and_candidates_change_nothing(kind: str) -> None:
    here = WORLDS[kind]
    for sequence, asked in zip(answer(here.decoder_batch(), here.asked), here.asked, strict=True):
        state, said = plainly(here.decoder, asked)
        assert sequence.said[: len(said)] == said
        if not state.done:  # a sequence says what is decided behind its last step, too
            assert len(said) == STEPS
            continue
        mine, theirs = sequence.state.records(), state.records()
        assert [r.unscored() for r in mine] == [r.unscored() for r in theirs]
        assert list(numbers(mine)) == pytest.approx(list(numbers(theirs)), abs=1e-5)


def test_there_is_something_to_tell_apart() -> None:
    sequences = alone("copying")
    lengths = [len(sequence.said) for sequence in sequences]
    assert max(lengths) > 2 * min(lengths)
    told = [score for sequence in sequences for score in numbers(sequence.state.records())]
    assert len({round(score, 4) for score in told}) > len(told) / 2


@EVERY_WORLD
@given(data=st.data(), slots=st.integers(1, 6))
@settings(max_examples=8)
def test_an_answer_is_the_same_alone_and_in_any_company(
    kind: str, data: st.DataObject, slots: int
) -> None:
    """Prompts arrive in any order, while others are at any place of theirs."""
    here = WORLDS[kind]
    order = data.draw(st.permutations(range(len(here.asked))))
    decoder_batch, waiting, sequences = (
        here.decoder_batch(slots),
        list(order),
        dict[int, TargetSequence](),
    )
    while waiting or decoder_batch.running:
        count = data.draw(st.integers(0 if decoder_batch.running else 1, min(3, slots)))
        entering = [waiting.pop() for _ in range(min(count, decoder_batch.free, len(waiting)))]
        if entering:
            entered = enter(decoder_batch, [here.asked[i] for i in entering])
            sequences.update(zip(entering, entered, strict=True))
        if decoder_batch.running:
            decoder_batch.step()
    for i, expected in enumerate(alone(kind)):
        assert_same(sequences[i], expected)


def test_weights_of_the_shipped_size_answer_alike_in_any_company() -> None:
    config = PRESETS["compact"]
    here = World(decoder_of(config), pool(config))
    decoder_batch, sequences = here.decoder_batch(6), list[TargetSequence]()
    for one in here.asked:
        while not decoder_batch.free:
            decoder_batch.step()
        sequences += enter(decoder_batch, [one])
        decoder_batch.step()
    while decoder_batch.running:
        decoder_batch.step()
    for asked, sequence in zip(here.asked, sequences, strict=True):
        (single,) = answer(here.decoder_batch(1), [asked])
        assert_same(sequence, single)


@pytest.mark.parametrize("config", [CONFIG, PLAIN], ids=["tied", "untied"])
@pytest.mark.parametrize("length", [4, 25])
def test_free_answers_are_those_of_the_published_greedy_search(
    config: UMIEConfig, length: int
) -> None:
    """In the published code's ids: 0 begins an answer and pads it, 1 ends it."""
    decoder = decoder_of(config)
    decoder.output_embeddings[1] *= 2.0  # the end is likelier
    asked = pool(config)
    decoder_batch = BatchDecoder(decoder, 9, length, LENGTH)
    sequences = [TargetSequence(FreeDecodingState(SALVAGE, 1), 0) for _ in asked]
    decoder_batch.begin(sequences, together(asked), [one.length for one in asked])
    while decoder_batch.running:
        decoder_batch.step()
    for one, sequence in zip(asked, sequences, strict=True):
        found = greedy(decoder, one.memory.cross, torch.ones(1, one.length), length + 1)
        assert sequence.said == found[0].tolist()[1:]
    assert length == 4 or len({len(sequence.said) for sequence in sequences}) > 1


@EVERY_WORLD
def test_an_answer_that_is_too_long_keeps_its_finished_items(kind: str) -> None:
    here = WORLDS[kind]
    cut = answer(here.decoder_batch(steps=17), here.asked)
    shortened = 0
    for long, short in zip(alone(kind), cut, strict=True):
        assert long.said[: len(short.said)] == short.said
        records, kept = long.state.records(), short.state.records()
        assert [r.span for r in kept] == [r.span for r in records[: len(kept)]]
        shortened += not short.state.done
        assert short.state.done or len(short.said) >= 17
    assert shortened


def test_what_is_decided_is_read_without_asking_and_several_tokens_at_a_time() -> None:
    here = WORLDS["copying"]
    steps: list[int] = []
    decoder_batch = BatchDecoder(here.decoder, 4, STEPS, LENGTH, steps.append)
    # the head of a pair is decided, then one relation is chosen, then all is decided
    (sequence,) = answer(decoder_batch, [here.asked[4]])
    assert len(sequence.said) > 8 and steps == [1]
    steps.clear()
    sequences = answer(decoder_batch, [here.asked[i] for i in (0, 1, 4)])
    assert steps[0] == 3 and steps == sorted(steps, reverse=True)
    assert len(steps) < max(len(sequence.said) for sequence in sequences)


class Only:
    """An answer without a choice."""

    def __init__(self, tokens: list[int]) -> None:
        self._left = tokens

    @property
    def done(self) -> bool:
        return not self._left

    def options(self) -> list[tuple[int, int]]:
        return [(token, -1) for token in self._left[:1]]

    def say(self, option: int, logp: float) -> int:
        assert (option, logp) == (0, 0.0)
        return self._left.pop(0)

    def records(self) -> tuple[Record, ...]:
        return ()


def test_an_answer_without_a_choice_takes_no_slot() -> None:
    decoder_batch = WORLDS["copying"].decoder_batch(1)
    asked = [Asked(lambda: Only([1, 2, 3]), memory_of(CONFIG, 5, 0), 5)]
    (sequence,) = enter(decoder_batch, asked)
    assert sequence.said == [1, 2, 3] and sequence.state.done
    assert decoder_batch.running == 0 and decoder_batch.free == 1


class Failing:
    """An answer that breaks after some tokens."""

    def __init__(self, inner: DecodingState, after: int) -> None:
        self._inner, self._after = inner, after

    @property
    def done(self) -> bool:
        return self._inner.done

    def options(self) -> Sequence[tuple[int, int]] | None:
        return self._inner.options()

    def context(self) -> Context:
        return self._inner.context()

    def say(self, option: int, logp: float) -> int:
        self._after -= 1
        if self._after < 0:
            raise KeyError("a broken grammar")
        return self._inner.say(option, logp)

    def records(self) -> tuple[Record, ...]:
        return self._inner.records()


@EVERY_WORLD
@pytest.mark.parametrize("after", [2, 5])
def test_an_answer_that_breaks_breaks_alone(kind: str, after: int) -> None:
    here = WORLDS[kind]
    asked = list(here.asked)
    asked[1] = Asked(
        lambda: Failing(here.asked[1].utter(), after), asked[1].memory, asked[1].length
    )
    decoder_batch = here.decoder_batch(len(asked))
    for i, sequence in enumerate(answer(decoder_batch, asked)):
        if i == 1:
            assert isinstance(sequence.failure, KeyError)
        else:
            assert_same(sequence, alone(kind)[i])
    assert decoder_batch.free == len(asked)


@EVERY_WORLD
@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_prompt_of_what_is_no_number_harms_nobody(kind: str, poison: float) -> None:
    here = WORLDS[kind]
    bad = here.asked[1]
    memory = Memory(bad.memory.gate, bad.memory.cross * poison, bad.memory.copy_keys)
    decoder_batch = here.decoder_batch(2)
    poisoned, sound = enter(decoder_batch, [Asked(bad.utter, memory, bad.length), here.asked[0]])
    while decoder_batch.running:
        decoder_batch.step()
    assert isinstance(poisoned.failure, ArithmeticError)
    assert_same(sound, alone(kind)[0])
    # nor whoever has its slot next, though shorter
    for i, sequence in enumerate(answer(decoder_batch, here.asked[:2])):
        assert_same(sequence, alone(kind)[i])


@EVERY_WORLD
def test_whoever_is_dropped_on_the_way_disturbs_nobody(kind: str) -> None:
    here = WORLDS[kind]
    decoder_batch = here.decoder_batch(3)
    sequences = enter(decoder_batch, here.asked[:3])
    ended = decoder_batch.step()
    gone = next(sequence for sequence in sequences if sequence not in ended)
    decoder_batch.drop(gone)
    assert decoder_batch.free == 1 + len(ended)
    (late,) = enter(decoder_batch, here.asked[:1])
    while decoder_batch.running:
        decoder_batch.step()
    assert not gone.state.done
    assert_same(late, alone(kind)[0])
    for sequence, expected in zip(sequences, alone(kind), strict=False):
        if sequence is not gone:
            assert_same(sequence, expected)


def test_every_choice_counts_in_a_score() -> None:
    """Where every choice has equal logits, a score is a product of one by the number of ways."""
    decoder = decoder_of(CONFIG)
    decoder.shared.weight.zero_()
    assert decoder.copy_head is not None
    decoder.copy_head.query.weight.zero_()
    decoder.copy_head.query.bias.zero_()
    pair = pool(CONFIG)[4]  # one choice among three relations
    (sequence,) = answer(BatchDecoder(decoder, 1, STEPS, LENGTH), [pair])
    ((asoc,),) = (record.asocs for record in sequence.state.records())
    assert math.isclose(asoc.score, 1 / 3, rel_tol=1e-6)
    assert asoc.label == "knows"  # of equals the first


@EVERY_WORLD
def test_ties_are_decided_alike_in_every_company(kind: str) -> None:
    """Tokens in twos that nothing but rounding tells apart."""
    here = WORLDS[kind]
    decoder = decoder_of(here.decoder.config)
    embeddings = decoder.output_embeddings
    embeddings[1::2] = embeddings[: 2 * (len(embeddings) // 2) : 2][: len(embeddings[1::2])]
    twins = World(decoder, here.asked)
    crowd = answer(twins.decoder_batch(), twins.asked)
    for asked, sequence in zip(twins.asked, crowd, strict=True):
        (single,) = answer(twins.decoder_batch(1), [asked])
        assert_same(sequence, single)


def test_half_precision_says_much_the_same() -> None:
    here = WORLDS["copying"]
    half = decoder_of(CONFIG).to(torch.bfloat16)
    sequences = answer(BatchDecoder(half, 9, STEPS, LENGTH), here.asked)
    assert all(sequence.failure is None for sequence in sequences)
    same = [a.said[:6] == b.said[:6] for a, b in zip(sequences, alone("copying"), strict=True)]
    assert sum(same) > len(same) / 2


def test_a_prompt_that_no_slot_holds_is_refused() -> None:
    decoder_batch = BatchDecoder(WORLDS["copying"].decoder, 2, STEPS, 10)
    with pytest.raises(ValueError, match="at most 10"):
        enter(decoder_batch, WORLDS["copying"].asked[1:2])
    assert decoder_batch.free == 2 and decoder_batch.running == 0
