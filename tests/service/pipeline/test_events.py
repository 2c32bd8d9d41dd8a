from __future__ import annotations

from service.engine.interface import Answer
from service.pipeline.events import Trigger, events_of, trigger_prompt, triggers_of
from tasks import form
from tasks.ontology import Ontology
from tasks.records import Asoc, Record, Region, Span
from tests.service.fakes import ONTOLOGY, prompter

TEXT = "It stormed when Ann visited"
STORM, VISIT = Span.of(TEXT, 3, 10), Span.of(TEXT, 20, 27)


def _triggers(min_score: float = 0.0) -> list[Trigger]:
    records = [Record("visit", VISIT, score=0.9), Record("storm", STORM, score=0.5)]
    return triggers_of(prompter(), TEXT, ONTOLOGY, records, min_score, 8)


def test_types_are_offered_in_the_ontologys_order() -> None:
    prompt = trigger_prompt(prompter(), TEXT, ONTOLOGY)
    assert prompt is not None and prompt.form is form.TRIGGERS
    assert [label.name for label in prompt.source.spots] == ["visit", "storm"]
    assert trigger_prompt(prompter(), TEXT, Ontology("none")) is None


def test_only_types_with_roles_are_asked_for_arguments() -> None:
    storm, visit = _triggers()
    assert (storm.type, storm.prompt) == ("storm", None)
    assert visit.prompt is not None and visit.prompt.form is form.ARGUMENTS
    assert [label.name for label in visit.prompt.source.spots] == ["visit"]
    assert [label.name for label in visit.prompt.source.asocs] == ["visitor", "scene"]


def test_answers_go_to_the_triggers_that_were_asked_about() -> None:
    asocs = (Asoc("visitor", Span.of(TEXT, 16, 19), 0.8), Asoc("scene", Region(4), 0.6))
    events = events_of(_triggers(), [Answer((Record("visit", None, asocs),), 0.25)], 0.0)
    assert [(e.type, e.trigger.text, e.score) for e in events] == [
        ("storm", "stormed", 0.5),
        ("visit", "visited", 0.9),
    ]
    assert events[0].arguments == []
    visitor, scene = events[1].arguments
    assert (visitor.role, visitor.text, visitor.start, visitor.end, visitor.region) == (
        "visitor",
        "Ann",
        16,
        19,
        None,
    )
    assert (scene.role, scene.text, scene.start, scene.region) == ("scene", None, None, "O4")


def test_doubtful_triggers_and_arguments_are_left_out() -> None:
    triggers = _triggers(min_score=0.7)
    asocs = (Asoc("visitor", Span.of(TEXT, 16, 19), 0.8), Asoc("scene", Region(4), 0.6))
    (event,) = events_of(triggers, [Answer((Record("visit", None, asocs),), 0.0)], 0.7)
    assert [argument.role for argument in event.arguments] == ["visitor"]


def test_of_many_triggers_the_surest_are_asked_about() -> None:
    text = "Ann visited, visited, visited"
    spans = [Span.of(text, start, start + 7) for start in (4, 13, 22)]
    records = [Record("visit", s, score=p) for s, p in zip(spans, (0.6, 0.9, 0.7), strict=True)]
    triggers = triggers_of(prompter(), text, ONTOLOGY, records, 0.0, 2)
    assert [trigger.prompt is not None for trigger in triggers] == [False, True, True]
    assert len(events_of(triggers, [Answer((Record("visit", None),), 0.0)] * 2, 0.0)) == 3
