"""The engine with weights of the span-first order: a small exported MPNet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.bundle import Bundle, load_bundle
from export.exporter import export_bundle
from models.umie import UMIE
from service.engine.generator import Generator
from service.engine.interface import Prompt, VisualFeatures
from service.engine.jobs import GenerateJob
from service.observability.metrics import Metrics
from service.pipeline.events import triggers_of
from tasks import form
from tasks.ontology import EventType, Ontology
from tasks.records import Record, Span
from tests.service.engine.test_generator import assert_same
from tests.support.bundle import prompt_pool, tiny_checkpoint
from tests.support.mpnet import small_mpnet as small_mpnet
from tests.support.mpnet import small_standard


def with_clear_scores(model: UMIE) -> UMIE:
    """Scale weights until rounding does not change an answer."""
    torch.manual_seed(11)
    assert model.span_scorer is not None
    with torch.no_grad():
        model.shared.weight.mul_(0.2)
        model.decoder.norm.weight.mul_(8)
        for part in (model.span_scorer.text_key, model.span_scorer.region_key):
            part.weight.normal_(std=1.0)
        model.span_scorer.kind.weight.normal_(std=1.0)
    return model


_FOLDER = pytest.StashKey[Path]()


@pytest.fixture
def bundle(
    small_mpnet: Path, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Bundle:
    """The bundle, exported once per session."""
    if _FOLDER not in pytestconfig.stash:
        folder = tmp_path_factory.mktemp("standard") / "bundle"
        checkpoint = replace(
            tiny_checkpoint(), model=with_clear_scores(small_standard(small_mpnet))
        )
        manifest = export_bundle(checkpoint, folder)
        assert max(manifest.differences.values()) < 1e-3
        pytestconfig.stash[_FOLDER] = folder
    return load_bundle(pytestconfig.stash[_FOLDER], threads=1)


def pool_of(bundle: Bundle) -> list[tuple[Prompt, VisualFeatures | None]]:
    """Prompts of all forms, given mentions and known triggers among them."""
    pool = prompt_pool(bundle)
    asked: list[tuple[Prompt, VisualFeatures | None]] = []
    for prompt, visual in pool:
        if prompt.form is form.ARGUMENTS:
            asked.append((replace(prompt, head=(4, 5)), visual))
        if prompt.form is form.GROUNDED:
            asked.append((replace(prompt, form=form.GROUNDED_CHOICE, head=(0, 1)), visual))
    return pool + asked


def test_answers_do_not_depend_on_the_batch(bundle: Bundle) -> None:
    assert bundle.prompter.lines
    jobs = [GenerateJob(prompt, visual) for prompt, visual in pool_of(bundle)]
    alone = [Generator(bundle, Metrics(), slots=1).run([job])[0] for job in jobs]
    for job, answer in zip(jobs, alone, strict=True):
        prompt = job.prompt
        assert answer.ids[0] == bundle.prompter.tokenizer.markers.open
        assert (len(answer.records) == 1) or not prompt.form.single
    for order in (jobs, jobs[::-1], jobs[::2] + jobs[1::2]):
        together = Generator(bundle, Metrics(), slots=len(jobs)).run(order)
        for job, answer in zip(order, together, strict=True):
            assert_same(answer, alone[jobs.index(job)])
    assert any(answer.records for answer in alone)
    free = [GenerateJob(replace(job.prompt, constrained=False), job.visual) for job in jobs[:2]]
    for answer in Generator(bundle, Metrics()).run(free):
        assert answer.ids


def test_decisions_have_the_probabilities_of_all_options(bundle: Bundle) -> None:
    forms = set()
    for prompt, visual in pool_of(bundle):
        job = GenerateJob(replace(prompt, with_decisions=True), visual)
        (answer,) = Generator(bundle, Metrics(), slots=1).run([job])
        for decision in answer.decisions:
            assert len(decision) > 1 and sum(decision) == pytest.approx(1, abs=1e-4)
        if prompt.form is form.PAIR:
            (decision,) = answer.decisions
            assert len(decision) == len(prompt.source.asocs)
            score = answer.records[0].asocs[0].score
            assert max(decision) == pytest.approx(score, abs=1e-4)
        if prompt.form is form.GROUNDED_CHOICE and len(prompt.source.spots) > 1:
            assert len(answer.decisions[0]) == len(prompt.source.spots)
            assert max(answer.decisions[0]) == pytest.approx(answer.records[0].score, abs=1e-4)
            assert visual is None or len(answer.decisions[1]) == len(visual.boxes) + 1
        forms.add(prompt.form)
        (plain,) = Generator(bundle, Metrics(), slots=1).run([GenerateJob(prompt, visual)])
        assert plain.decisions == () and plain.records == answer.records
    assert forms >= {form.PAIR, form.GROUNDED_CHOICE}


def test_the_prompt_for_arguments_contains_their_trigger(bundle: Bundle) -> None:
    ontology = Ontology("events", events=(EventType("meet", roles=("visitor",)),))
    text = "Ann met Bob"
    (trigger,) = triggers_of(
        bundle.prompter, text, ontology, [Record("meet", Span("met", 4, 7))], 0.0, 3
    )
    assert trigger.prompt is not None
    head = trigger.prompt.head
    assert head == trigger.prompt.source.locate(4, 7) is not None


def test_alternatives_are_the_other_labels_and_change_nothing_else(bundle: Bundle) -> None:
    jobs = [GenerateJob(prompt, visual) for prompt, visual in pool_of(bundle)]
    asked = [GenerateJob(replace(job.prompt, alternatives=3), job.visual) for job in jobs]
    plain, told = (Generator(bundle, Metrics(), slots=9).run(each) for each in (jobs, asked))
    seen = 0
    for job, before, answer in zip(jobs, plain, told, strict=True):
        assert answer.ids == before.ids
        assert not any(record.alternatives for record in before.records)
        labels = {label.name for label in job.prompt.source.spots}
        for record in answer.records:
            others = {other.label for other in record.alternatives}
            assert others <= labels - {record.label}
            seen += len(others)
    assert seen
