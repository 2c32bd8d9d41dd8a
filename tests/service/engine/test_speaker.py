from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from export.bundle import Bundle
from models.umie import Memory
from service.engine import speaker as module
from service.engine.fusing import fuse
from service.engine.jobs import ReadJob
from service.engine.speaker import Speaker
from tasks.automaton import Automaton, Symbol
from tasks.records import Record
from tests.service.engine.test_reading import automaton_of

Told = tuple[tuple[Record, ...], list[int]]


@pytest.fixture(scope="module")
def asked(tiny_bundle: Bundle, pool: list[ReadJob]) -> tuple[list[Automaton], Memory, Tensor]:
    """The whole pool's automata, memory and mask."""
    memory, mask = fuse(tiny_bundle, [job.prompt for job in pool], [job.seen for job in pool])
    return [automaton_of(job, tiny_bundle) for job in pool], memory, mask


def plainly(bundle: Bundle, automaton: Automaton, memory: Memory, mask: Tensor, row: int) -> Told:
    """One row's answer without cache, slots or shortcuts.

    Every step reads the whole prefix, scores the whole vocabulary and masks what is not admitted.
    """
    decoder = bundle.decoder
    cross, mask = memory.cross[:, :, row : row + 1], mask[row : row + 1]
    state, said = automaton.start(), []
    while admitted := automaton.admitted(state):
        prefix = torch.tensor([[automaton.markers.start, *said]])
        last = decoder.decoder(decoder.shared(prefix), cross, mask)[0, -1]  # (d,)
        whole = last @ decoder.output_embeddings.T * decoder.output_scale  # (V,)
        scored = whole[[symbol.token for symbol in admitted]]
        scored = scored + torch.stack([pointer(bundle, last, memory, row, s) for s in admitted])
        logps = torch.log_softmax(scored, dim=-1)
        best = int(logps.argmax())
        state = automaton.advance(state, admitted[best], float(logps[best]))
        said.append(admitted[best].token)
    return automaton.records(state), said


def pointer(bundle: Bundle, state: Tensor, memory: Memory, row: int, symbol: Symbol) -> Tensor:
    head = bundle.decoder.copy_head
    if symbol.place < 0:
        return torch.zeros(())
    assert head is not None and memory.copy_keys is not None
    return head.query(state) @ memory.copy_keys[row, symbol.place]


def numbers(records: tuple[Record, ...]) -> Iterator[float]:
    for record in records:
        yield from (record.score, *(asoc.score for asoc in record.asocs))


@pytest.mark.parametrize("first_steps", [2, 48])
def test_slots_caches_and_candidates_change_nothing(
    tiny_bundle: Bundle,
    asked: tuple[list[Automaton], Memory, Tensor],
    monkeypatch: pytest.MonkeyPatch,
    first_steps: int,
) -> None:
    monkeypatch.setattr(module, "_FIRST_STEPS", first_steps)
    automata, memory, mask = asked
    sizes: list[int] = []
    voices = Speaker(tiny_bundle.decoder, 384, sizes.append).answer(automata, memory, mask)
    for row, voice in enumerate(voices):
        records, said = plainly(tiny_bundle, automata[row], memory, mask, row)
        got = automata[row].records(voice.state)
        assert voice.said == said
        assert [r.unscored() for r in got] == [r.unscored() for r in records]
        assert list(numbers(got)) == pytest.approx(list(numbers(records)), abs=1e-5)
    assert sizes[0] == len(automata) and sizes == sorted(sizes, reverse=True)
    # whoever has nothing to choose any more stays for no further step
    assert len(sizes) < max(len(voice.said) for voice in voices)


def test_an_answer_that_is_too_long_keeps_its_finished_items(
    tiny_bundle: Bundle, asked: tuple[list[Automaton], Memory, Tensor]
) -> None:
    automata, memory, mask = asked
    whole = Speaker(tiny_bundle.decoder, 384).answer(automata, memory, mask)
    cut = Speaker(tiny_bundle.decoder, 20).answer(automata, memory, mask)
    shortened = 0
    for long, short, automaton in zip(whole, cut, automata, strict=True):
        records, kept = automaton.records(long.state), automaton.records(short.state)
        assert [r.span for r in kept] == [r.span for r in records[: len(kept)]]
        assert long.said[: len(short.said)] == short.said
        shortened += not short.state.done
        assert short.state.done or len(short.said) >= 20
    assert shortened


def test_nobody_to_answer_is_no_error(
    tiny_bundle: Bundle, asked: tuple[list[Automaton], Memory, Tensor]
) -> None:
    _, memory, mask = asked
    memory = Memory(memory.gate[:0], memory.cross[:, :, :0], None)
    assert Speaker(tiny_bundle.decoder, 384).answer([], memory, mask[:0]) == []


def test_an_answer_without_a_choice_needs_no_step(
    tiny_bundle: Bundle, asked: tuple[list[Automaton], Memory, Tensor], pool: list[ReadJob]
) -> None:
    _, memory, mask = asked
    job = pool[4]
    (only,) = (label for label in job.prompt.source.asocs if label.name == "none")
    source = job.prompt.source
    forced = Automaton(
        type(source)(source.text, source.ids, source.cases, source.pieces, (), (only,)),
        job.prompt.form,
        tiny_bundle.prompter.tokenizer.markers,
        head=job.prompt.head,
        tail=job.prompt.tail,
    )
    steps: list[int] = []
    memory = Memory(memory.gate[:1], memory.cross[:, :, :1], None)
    (voice,) = Speaker(tiny_bundle.decoder, 384, steps.append).answer([forced], memory, mask[:1])
    ((record,),) = (forced.records(voice.state),)
    assert steps == [] and voice.state.done
    assert [(a.label, a.score) for a in record.asocs] == [("none", 1.0)]


def test_every_step_counts_in_a_score(
    tiny_bundle: Bundle, asked: tuple[list[Automaton], Memory, Tensor]
) -> None:
    """Where every choice has two ways of equal logits, a score is a power of one half."""
    automata, memory, mask = asked
    decoder = type(tiny_bundle.decoder)(tiny_bundle.config).eval().requires_grad_(False)
    decoder.shared.weight.zero_()
    assert decoder.copy_head is not None
    decoder.copy_head.query.weight.zero_()
    decoder.copy_head.query.bias.zero_()
    automaton = automata[5]  # a pair with three relations: one choice among three
    memory = Memory(memory.gate[5:6], memory.cross[:, :, 5:6], memory.copy_keys)
    (voice,) = Speaker(decoder, 384).answer([automaton], memory, mask[5:6])
    ((asoc,),) = (record.asocs for record in automaton.records(voice.state))
    assert math.isclose(asoc.score, 1 / 3, rel_tol=1e-6)
