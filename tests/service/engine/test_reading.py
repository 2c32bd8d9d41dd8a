from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.bundle import Bundle
from service.engine.contract import Answer
from service.engine.jobs import ReadJob
from service.engine.reading import Reader
from service.metrics import Metrics
from tasks.automaton import Automaton
from tasks.form import Filler
from tasks.frontier import replay
from tasks.records import Asoc, Record, Region
from tests.support import answers

SIZE = 9


def automaton_of(job: ReadJob, bundle: Bundle) -> Automaton:
    prompt, seen = job.prompt, job.seen
    offered = len(seen.scores) if seen and Filler.REGION in prompt.form.fillers else 0
    return Automaton(
        prompt.source,
        prompt.form,
        bundle.prompter.tokenizer.markers,
        regions=range(1, offered + 1),
        head=prompt.head,
        tail=prompt.tail,
    )


def unscored(answer: Answer) -> list[Record]:
    return [record.unscored() for record in answer.records]


def scores(answer: Answer) -> list[float]:
    return [answer.gate] + [
        part.score for record in answer.records for part in (record, *record.asocs)
    ]


def assert_same(got: Answer, expected: Answer) -> None:
    assert got.ids == expected.ids
    assert unscored(got) == unscored(expected)
    assert scores(got) == pytest.approx(scores(expected), abs=1e-5)


def asocs(answered: Sequence[Answer]) -> list[Asoc]:
    return [asoc for answer in answered for record in answer.records for asoc in record.asocs]


def test_the_pool_has_something_to_tell_apart(alone: list[Answer]) -> None:
    lengths = [len(answer.ids) for answer in alone]
    assert len(alone) == SIZE and max(lengths) > 2 * min(lengths)
    fillers = [type(asoc.filler).__name__ for asoc in asocs(alone)]
    assert {"Region", "Span"} <= set(fillers)
    told = [score for answer in alone for score in scores(answer)]
    assert len({round(score, 4) for score in told}) > len(told) / 2
    assert len({answer.gate for answer in alone if answer.gate}) == 5


@given(order=st.permutations(range(SIZE)), size=st.integers(1, SIZE))
@settings(max_examples=15)
def test_an_answer_depends_on_its_prompt_and_picture_alone(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer], order: list[int], size: int
) -> None:
    chosen = order[:size]
    batch = Reader(tiny_bundle, Metrics()).read([pool[i] for i in chosen])
    for i, (answer, _) in zip(chosen, batch, strict=True):
        assert_same(answer, alone[i])


def test_the_same_prompt_many_times_is_answered_alike(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    for answer, _ in Reader(tiny_bundle, Metrics()).read([pool[2]] * 5 + [pool[0]]):
        assert_same(answer, alone[2] if len(answer.ids) > 20 else alone[0])


def test_answers_obey_the_grammar(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    for job, answer in zip(pool, alone, strict=True):
        automaton = automaton_of(job, tiny_bundle)
        replayed = replay(automaton, answer.ids)
        assert len(replayed) == len(answer.records)
        assert answers.spelled(automaton, replayed) == answers.spelled(automaton, answer.records)
        assert answers.balanced(automaton, answer.ids)
        answers.check(automaton, answer.records)


def test_scores_are_probabilities(alone: list[Answer]) -> None:
    told = [score for answer in alone for score in scores(answer)[1:]]
    assert told and all(0 < score <= 1 for score in told)


def test_the_picture_decides_which_regions_are_named(
    pool: list[ReadJob], alone: list[Answer]
) -> None:
    named = []
    for job, answer in zip(pool, alone, strict=True):
        regions = {a.filler.index for a in asocs([answer]) if isinstance(a.filler, Region)}
        assert not regions or (job.seen and max(regions) <= len(job.seen.scores))
        named.append(regions)
    assert named[2] and named[3] and named[2] != named[3]


def test_without_a_picture_the_gate_is_closed_and_positive_zero(
    pool: list[ReadJob], alone: list[Answer]
) -> None:
    for job, answer in zip(pool, alone, strict=True):
        assert str(answer.gate) == "0.0" if job.seen is None else answer.gate > 0.01


def test_no_region_can_be_named_where_none_was_found(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    job = pool[2]
    assert job.seen is not None
    nothing = dataclasses.replace(
        job.seen, boxes=job.seen.boxes[:0], labels=job.seen.labels[:0], scores=job.seen.scores[:0]
    )
    ((answer, _),) = Reader(tiny_bundle, Metrics()).read([ReadJob(job.prompt, nothing)])
    assert answer.records and not asocs([answer])


def test_what_is_read_is_measured(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    metrics = Metrics()
    ((_, timing), *_) = Reader(tiny_bundle, metrics).read(pool)
    assert timing.keys() == {"fusion", "decode"} and min(timing.values()) > 0

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"umie_{name}", labels)

    assert value("generated_tokens_total") == sum(len(answer.ids) for answer in alone)
    assert value("batch_size_sum", stage="read") == SIZE
    assert value("stage_duration_seconds_count", stage="fusion") == 1
    assert value("stage_duration_seconds_count", stage="decode") == 1
    steps, slots = value("batch_size_count", stage="step"), value("batch_size_sum", stage="step")
    assert steps and slots and 1 < slots / steps < SIZE


def test_warming_up_needs_no_request(tiny_bundle: Bundle, pool: list[ReadJob]) -> None:
    seen = pool[2].seen
    assert seen is not None and seen.states.dtype == np.float32
    Reader(tiny_bundle, Metrics()).warm_up(seen)
