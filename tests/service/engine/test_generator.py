from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.bundle import Bundle
from models.umie import Memory
from service.engine.fusion_encoder import FusionEncoder
from service.engine.generator import Generator
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.engine.jobs import GenerateJob
from service.engine.prompt_fusion import Outcome
from service.observability.metrics import Metrics
from tasks import form
from tasks.automaton import Automaton
from tasks.decoding_state import MAX_FREE_TOKENS
from tasks.form import Filler
from tasks.frontier import replay
from tasks.label_first import LabelFirstAutomaton
from tasks.lenient_parser import LenientParser
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Region
from tests.support import answers
from tests.support.bundle import prompt_of
from tests.support.converted import converted_gated as converted_gated
from tests.support.converted import converted_relu as converted_relu

SIZE = 9


def automaton_of(job: GenerateJob, bundle: Bundle) -> Automaton:
    prompt, visual = job.prompt, job.visual
    count = len(visual.scores) if visual and Filler.REGION in prompt.form.fillers else 0
    return LabelFirstAutomaton(
        prompt.source,
        prompt.form,
        bundle.prompter.tokenizer.markers,
        regions=range(1, count + 1),
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


def test_jobs_that_share_a_source_are_fused_once_and_answered_as_alone(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, relations = "Ann and Bob met in Oslo", ("knows", "place of", NONE)
    words = [("Ann", "Bob"), ("Bob", "Ann"), ("Bob", "Oslo"), ("Ann", "Oslo")]
    prompts = [
        prompt_of(tiny_bundle.prompter, form.PAIR, text, asocs=relations, pair=pair)
        for pair in words
    ]
    first = prompts[0].source
    shared = [dataclasses.replace(prompt, source=first) for prompt in prompts]
    generator = Generator(tiny_bundle, Metrics())
    expected = [generator.run([GenerateJob(prompt, None)])[0] for prompt in shared]
    fuse, sizes = FusionEncoder.fuse, list[int]()

    def counted(
        self: FusionEncoder, asked: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> Memory:
        sizes.append(len(asked))
        return fuse(self, asked, visual)

    monkeypatch.setattr(FusionEncoder, "fuse", counted)
    other = GenerateJob(prompts[1], None)
    found = generator.run([*(GenerateJob(prompt, None) for prompt in shared), other])
    assert sizes == [2]
    for got, alone in zip(found, expected, strict=False):
        assert_same(got, alone)


def test_the_answers_of_the_pool_differ(alone: list[Answer]) -> None:
    lengths = [len(answer.ids) for answer in alone]
    assert len(alone) == SIZE and max(lengths) > 2 * min(lengths)
    fillers = [type(asoc.filler).__name__ for asoc in asocs(alone)]
    assert {"Region", "Span"} <= set(fillers)
    values = [score for answer in alone for score in scores(answer)]
    assert len({round(score, 4) for score in values}) > len(values) / 2
    assert len({answer.gate for answer in alone if answer.gate}) == 5


@given(order=st.permutations(range(SIZE)), size=st.integers(1, SIZE))
@settings(max_examples=15)
def test_an_answer_depends_on_its_prompt_and_image_only(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer], order: list[int], size: int
) -> None:
    chosen = order[:size]
    batch = Generator(tiny_bundle, Metrics()).run([pool[i] for i in chosen])
    for i, answer in zip(chosen, batch, strict=True):
        assert_same(answer, alone[i])


def again(job: GenerateJob, **changes: Any) -> GenerateJob:
    """A new job with the same prompt."""
    return GenerateJob(dataclasses.replace(job.prompt, **changes), job.visual)


@pytest.mark.parametrize("slots", [1, 3])
def test_equal_prompts_have_equal_answers(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer], slots: int
) -> None:
    jobs = [again(pool[i]) for i in (2, 2, 2, 0, 2, 2)]
    got = Generator(tiny_bundle, Metrics(), slots).run(jobs)
    for job, answer in zip(jobs, got, strict=True):
        assert_same(answer, alone[2] if job.prompt == pool[2].prompt else alone[0])


def test_answers_follow_the_grammar(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    for job, answer in zip(pool, alone, strict=True):
        automaton = automaton_of(job, tiny_bundle)
        replayed = replay(automaton, answer.ids)
        assert len(replayed) == len(answer.records)
        assert answers.spelled(automaton, replayed) == answers.spelled(automaton, answer.records)
        assert answers.balanced(automaton, answer.ids)
        answers.check(automaton, answer.records)


def test_scores_are_probabilities(alone: list[Answer]) -> None:
    values = [score for answer in alone for score in scores(answer)[1:]]
    assert values and all(0 < score <= 1 for score in values)


def test_answers_name_regions_of_their_image_only(
    pool: list[GenerateJob], alone: list[Answer]
) -> None:
    named = []
    for job, answer in zip(pool, alone, strict=True):
        regions = {a.filler.index for a in asocs([answer]) if isinstance(a.filler, Region)}
        assert not regions or (job.visual and max(regions) <= len(job.visual.scores))
        named.append(regions)
    assert named[2] and named[3] and named[2] != named[3]


def test_without_an_image_the_gate_is_positive_zero(
    pool: list[GenerateJob], alone: list[Answer]
) -> None:
    for job, answer in zip(pool, alone, strict=True):
        assert str(answer.gate) == "0.0" if job.visual is None else answer.gate > 0.01


def test_without_regions_an_answer_names_none(tiny_bundle: Bundle, pool: list[GenerateJob]) -> None:
    job = pool[2]
    assert job.visual is not None
    no_regions = dataclasses.replace(
        job.visual,
        boxes=job.visual.boxes[:0],
        labels=job.visual.labels[:0],
        scores=job.visual.scores[:0],
    )
    (answer,) = Generator(tiny_bundle, Metrics()).run([GenerateJob(job.prompt, no_regions)])
    assert answer.records and not asocs([answer])


def test_stages_batches_and_tokens_are_measured(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    metrics = Metrics()
    for answer in Generator(tiny_bundle, metrics).run(pool):
        timing = answer.timing_ms
        assert timing.keys() == {"queue", "fusion", "decode"} and min(timing.values()) > 0

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"umie_{name}", labels)

    assert value("generated_tokens_total") == sum(len(answer.ids) for answer in alone)
    assert value("batch_size_sum", stage="read") == SIZE
    assert value("stage_duration_seconds_count", stage="fusion") == 1
    assert value("stage_duration_seconds_count", stage="decode") == SIZE
    steps, slots = value("batch_size_count", stage="step"), value("batch_size_sum", stage="step")
    assert steps and slots and 1 < slots / steps < SIZE


def pairless(job: GenerateJob) -> GenerateJob:
    """A pair's prompt without its pair."""
    assert job.prompt.head is not None
    return again(job, head=None)


def with_bad_token(job: GenerateJob) -> GenerateJob:
    """A prompt with a token outside the vocabulary."""
    source = dataclasses.replace(job.prompt.source, ids=(10**6, *job.prompt.source.ids[1:]))
    return again(job, source=source)


def with_bad_head(job: GenerateJob) -> GenerateJob:
    """A pair whose head contains such a token."""
    source = job.prompt.source
    assert job.prompt.head is not None
    at = source.pieces[job.prompt.head[0]].position
    broken = dataclasses.replace(source, ids=(*source.ids[:at], 10**6, *source.ids[at + 1 :]))
    return again(job, source=broken)


def with_bad_image(job: GenerateJob) -> GenerateJob:
    """An image whose states are not finite."""
    assert job.visual is not None
    states = np.full_like(job.visual.states, np.nan)
    return GenerateJob(job.prompt, dataclasses.replace(job.visual, states=states))


@pytest.mark.parametrize("break_job", [pairless, with_bad_token, with_bad_head, with_bad_image])
@pytest.mark.parametrize("slots", [2, 16])
def test_a_prompt_that_fails_fails_alone(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    break_job: Callable[[GenerateJob], GenerateJob],
    slots: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = Generator(tiny_bundle, Metrics(), slots)
    if break_job is with_bad_head:
        # the fusion graph must not fail before the decoder
        valid_prompt, fuse = pool[5].prompt, FusionEncoder.fuse

        def fuse_valid(
            fuser: FusionEncoder, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
        ) -> Memory:
            return fuse(
                fuser, [valid_prompt if 10**6 in p.source.ids else p for p in prompts], visual
            )

        monkeypatch.setattr(FusionEncoder, "fuse", fuse_valid)
    jobs = [again(job) for job in pool]
    jobs[5] = break_job(pool[5])
    waiting, outcomes = deque(jobs), dict[GenerateJob, Answer | Exception]()
    while waiting or generator.busy:
        part = [waiting.popleft() for _ in range(min(generator.free, len(waiting)))]
        outcomes.update(generator.start(part) if part else generator.step())
    for i, job in enumerate(jobs):
        outcome = outcomes[job]
        if i == 5:
            assert isinstance(outcome, Exception)
        else:
            assert isinstance(outcome, Answer)
            assert_same(outcome, alone[i])
    assert generator.free == slots


def test_run_raises_the_first_error_and_can_be_called_again(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    generator = Generator(tiny_bundle, Metrics(), 4)
    with pytest.raises(ValueError, match="pair"):
        generator.run([again(pool[0]), again(pool[2]), pairless(pool[4]), again(pool[6])])
    assert generator.busy == 0 and generator.free == 4
    (answer,) = generator.run([again(pool[2])])
    assert_same(answer, alone[2])


def test_a_dropped_job_has_no_outcome(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    generator = Generator(tiny_bundle, Metrics(), 2)
    gone, kept = again(pool[2]), again(pool[3])
    assert generator.start([gone, kept]) == []
    generator.step()
    assert set(generator.jobs) == {gone, kept}
    generator.drop(gone)
    assert generator.jobs == [kept] and generator.free == 1
    outcomes: list[Outcome] = []
    while generator.busy:
        outcomes += generator.step()
    ((job, answer),) = outcomes
    assert job is kept and isinstance(answer, Answer)
    assert_same(answer, alone[3])


def test_unconstrained_answers_have_any_tokens_and_are_parsed_leniently(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    markers = tiny_bundle.prompter.tokenizer.markers
    free = [again(job, constrained=False) for job in pool]
    got = Generator(tiny_bundle, Metrics()).run(free)
    assert len({answer.ids for answer in got}) > 3
    for job, answer in zip(free, got, strict=True):
        assert answer.ids[-1] == markers.eos or len(answer.ids) == MAX_FREE_TOKENS
        parser = LenientParser(job.prompt.source, job.prompt.form, tiny_bundle.prompter.tokenizer)
        parsed = parser.read(answer.ids, [0.0] * len(answer.ids))
        assert len(parsed) == len(answer.records)
        automaton = automaton_of(job, tiny_bundle)
        with pytest.raises(ValueError):
            replay(automaton, answer.ids)


@pytest.mark.parametrize("kind", ["converted_gated", "converted_relu"])
def test_weights_without_a_copy_head_are_constrained_by_tokens(
    kind: str, request: pytest.FixtureRequest
) -> None:
    bundle: Bundle = request.getfixturevalue(kind).bundle
    assert bundle.decoder.copy_head is None
    jobs = []
    for shape in (form.ENTITIES, form.JOINT, form.TRIGGERS):
        for text in ("Ann met Bob", "Bob, Bob and Ann met in Oslo"):
            prompt = prompt_of(bundle.prompter, shape, text, asocs=("of", "none"))
            jobs.append(GenerateJob(prompt, None))
    for job, answer in zip(jobs, Generator(bundle, Metrics()).run(jobs), strict=True):
        prompt = job.prompt
        automaton = LabelFirstAutomaton(
            prompt.source, prompt.form, bundle.prompter.tokenizer.markers, ordered=False
        )
        ids = answer.ids
        if ids[-1] == bundle.prompter.tokenizer.markers.eos:
            assert replay(automaton, ids) == tuple(r.unscored() for r in answer.records)
        for record in answer.records:
            assert record.span is not None
            assert record.span.text == prompt.source.text[record.span.start : record.span.end]
