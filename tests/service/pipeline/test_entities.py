from __future__ import annotations

import numpy as np

from service.engine.interface import VisualFeatures
from service.pipeline.entities import entities_of, entity_prompt, with_parents
from tasks import form
from tasks.ontology import EntityType, Ontology, load
from tasks.records import Alternative, Asoc, Record, Region, Span
from tests.service.fakes import ONTOLOGY, prompter, two_regions

TEXT = "Ann saw Bob"
ANN, BOB = Span.of(TEXT, 0, 3), Span.of(TEXT, 8, 11)


def _blank() -> VisualFeatures:
    none = np.zeros((0,), dtype=np.float32)
    return VisualFeatures(none.reshape(0, 4), (), none, np.zeros((37, 4), np.float32))


def test_types_are_offered_in_the_ontologys_order() -> None:
    prompt = entity_prompt(prompter(), TEXT, ONTOLOGY, None)
    assert prompt is not None
    assert [label.name for label in prompt.source.spots] == ["person", "place"]


def test_entities_are_grounded_where_there_are_regions() -> None:
    shown = entity_prompt(prompter(), TEXT, ONTOLOGY, two_regions())
    blank = entity_prompt(prompter(), TEXT, ONTOLOGY, _blank())
    unseen = entity_prompt(prompter(), TEXT, ONTOLOGY, None)
    assert shown is not None and blank is not None and unseen is not None
    assert (shown.form, blank.form, unseen.form) == (form.GROUNDED, form.ENTITIES, form.ENTITIES)
    assert [label.name for label in shown.source.asocs] == ["region"]
    assert unseen.source.asocs == ()


def test_no_types_no_prompt() -> None:
    assert entity_prompt(prompter(), TEXT, Ontology("none"), None) is None


def test_entities_are_numbered_in_the_order_of_the_text() -> None:
    found = entities_of([Record("person", BOB), Record("person", ANN)], 0.0)
    assert [(e.id, e.text, e.start) for e in found] == [(0, "Ann", 0), (1, "Bob", 8)]


def test_the_surer_of_two_equal_answers_stays() -> None:
    found = entities_of([Record("person", ANN, score=0.4), Record("person", ANN, score=0.6)], 0.0)
    assert [e.score for e in found] == [0.6]


def test_doubtful_entities_are_left_out() -> None:
    found = entities_of([Record("person", ANN, score=0.4), Record("person", BOB, score=0.5)], 0.5)
    assert [e.text for e in found] == ["Bob"]


def test_regions_are_named_once_and_in_order() -> None:
    asocs = tuple(Asoc("region", Region(k)) for k in (10, 2, 10))
    (found,) = entities_of([Record("person", ANN, asocs)], 0.0)
    assert found.regions == ["O2", "O10"]


def test_spans_outside_the_text_come_last() -> None:
    found = entities_of([Record("person", Span("Eve", None, None)), Record("person", ANN)], 0.0)
    assert [(e.text, e.start, e.end) for e in found] == [("Ann", 0, 3), ("Eve", None, None)]


def test_a_fine_type_has_its_coarse_one() -> None:
    own = Ontology(
        "own",
        entities=(EntityType("city", parent="place"), EntityType("place", parent="place")),
    )
    records = [Record("city", ANN), Record("place", BOB)]
    found = with_parents(entities_of(records, 0.0), own)
    assert [(e.type, e.parent) for e in found] == [("city", "place"), ("place", None)]
    fine = with_parents(entities_of([Record("politician", ANN)], 0.0), load("fmnerg51"))
    assert [e.parent for e in fine] == ["person"]
    assert [e.parent for e in entities_of(records, 0.0)] == [None, None]


def test_the_next_likely_types_are_told() -> None:
    others = (Alternative("place", 0.123456), Alternative("team", 0.01))
    prompt = entity_prompt(prompter(), TEXT, ONTOLOGY, None, 2)
    assert prompt is not None and prompt.alternatives == 2
    (found,) = entities_of([Record("person", ANN, alternatives=others)], 0.0)
    assert [(other.type, other.score) for other in found.alternatives] == [
        ("place", 0.1235),
        ("team", 0.01),
    ]
