from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cli.evaluators.local import LocalEvaluator, parameters_of
from export.bundle import load_bundle
from tasks import form
from tasks.ontology import Ontology
from tasks.records import Region, Span
from tests.support.bundle import CONFIG, TOWER, tiny_checkpoint
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY, TEXT
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import entity_questions

LONG = "Ann " * 400


def test_every_question_is_answered_in_order(bundled: Evaluator, questions: list[Question]) -> None:
    together = bundled.ask(questions, "")
    alone = [bundled.ask([question], "")[0] for question in questions]
    for one, other in zip(together, alone, strict=True):
        assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]
        assert one.asked and one.boxes == other.boxes
    assert bundled.ask([], "") == []


def test_regions_have_boxes(bundled: Evaluator, questions: list[Question]) -> None:
    shown = [q for q in questions if q.picture is not None]
    for said in bundled.ask(shown, ""):
        assert said.boxes and set(said.boxes) == set(range(1, len(said.boxes) + 1))
        assert all(len(box) == 4 and 0 <= min(box) <= max(box) <= 1 for box in said.boxes.values())
        named = [a.filler for r in said.records for a in r.asocs]
        assert {f.index for f in named if isinstance(f, Region)} <= said.boxes.keys()
    (blind,) = bundled.ask(questions[:1], "")
    assert blind.boxes == {}


def test_what_is_too_long_is_not_asked(bundled: Evaluator) -> None:
    (question,) = entity_questions(replace(DOCUMENT, text=LONG, entities=()), ONTOLOGY)
    assert bundled.ask([question], "") == [Prediction(asked=False)]
    for chain in Chain:
        first, second = bundled.chain(chain, [LONG, TEXT], ONTOLOGY, "")
        assert not first.asked and second.asked


def test_chains_go_on_from_what_was_found(bundled: Evaluator) -> None:
    loose = Ontology.of_labels(entity_types=["person", "place"], relation_types=["knows"])
    (said,) = bundled.chain(Chain.RELATIONS, [TEXT], loose, "")
    entities = {record.span for record in said.records}
    for record in said.records:
        assert record.label in ("person", "place")
        for asoc in record.asocs:
            assert asoc.label == "knows" and asoc.filler in entities
    (said,) = bundled.chain(Chain.EVENTS, [TEXT], ONTOLOGY, "")
    for record in said.records:
        assert isinstance(record.span, Span)
        assert {a.label for a in record.asocs} <= set(ONTOLOGY.event(record.label or "").roles)


def test_all_proposals_are_told(bundled: Evaluator, pictures: list[Path]) -> None:
    for boxes in bundled.propose(pictures, ""):
        assert 0 < len(boxes) <= 36


def test_what_it_is(bundled: Evaluator, roomy: Path) -> None:
    assert bundled.sees and bundled.proposes and bundled.name.startswith("umie-tiny@")
    about = bundled.about
    assert (about["kind"], about["precision"], about["threads"]) == ("bundle", "fp32", 1)
    files = about["files"]
    assert isinstance(files, dict)
    assert files["fusion.onnx"] == (roomy / "bundle/fusion.onnx").stat().st_size
    checkpoint = tiny_checkpoint()
    assert checkpoint.tower is not None
    assert parameters_of(CONFIG, TOWER) == {
        "network": sum(p.numel() for p in checkpoint.model.parameters()),
        "visual tower": sum(p.numel() for p in checkpoint.tower.parameters()),
    }
    assert set(parameters_of(CONFIG, None)) == {"network"}


def test_without_a_tower_there_is_nothing_to_see(roomy: Path) -> None:
    bundle = replace(load_bundle(roomy / "bundle", threads=1), tower=None, visual=None)
    evaluator = LocalEvaluator(bundle, "bundle", {}, 1)
    assert not evaluator.sees and not evaluator.proposes
    (question,) = entity_questions(DOCUMENT, ONTOLOGY)
    assert question.example.form is form.ENTITIES
    assert evaluator.ask([question], "")[0].asked
