import random

from tasks import form
from tasks.document import Argument, Document, Event, Mention, Relation
from tasks.ontology import Ontology, parse
from tasks.records import Span
from training.corpora.records import OpenRecord
from training.text.example import Example
from training.text.open_examples import choices, entities, examples_of

TEXT = "Anna Berg joined Siemens in Munich yesterday"
INVENTORY: Ontology = parse(
    {
        "name": "made up",
        "title": "made up",
        "entities": [
            {"name": name} for name in ("person", "company", "city", "drug", "song", "river", "law")
        ],
        "relations": [{"name": "joins", "head": ["person"], "tail": ["company"]}],
        "events": [{"name": "start job", "roles": ["worker", "employer"]}],
    }
)
DOCUMENT = Document(
    TEXT,
    "made up",
    "train",
    "made up",
    entities=(Mention(0, 9, "person"), Mention(17, 24, "company"), Mention(28, 34, "city")),
    relations=(Relation("joins", 0, 1),),
    events=(Event("start job", 10, 16, (Argument("worker", 0, 9), Argument("employer", 17, 24))),),
)
RECORD = OpenRecord(DOCUMENT, INVENTORY, "source", commercial=True)


def test_answers_are_among_the_listed_labels() -> None:
    for seed in range(60):
        example = entities(DOCUMENT, INVENTORY, random.Random(seed))
        assert example.spots
        assert {record.label for record in example.records} <= set(example.spots)
        assert len(set(example.spots)) == len(example.spots)


def test_absent_labels_are_listed_and_present_ones_sometimes_dropped() -> None:
    drawn = [entities(DOCUMENT, INVENTORY, random.Random(seed)) for seed in range(200)]
    assert any(len(e.spots) > len(e.records) for e in drawn)
    assert any(len(e.records) < 3 for e in drawn)


def test_a_record_teaches_every_form_that_it_annotates() -> None:
    generator = random.Random(1)
    forms = {e.form for _ in range(30) for e in examples_of(RECORD, generator)}
    assert forms == {form.ENTITIES, form.JOINT, form.PAIR, form.TRIGGERS, form.ARGUMENTS}


def test_given_triggers_have_no_trigger_prompt() -> None:
    record = OpenRecord(DOCUMENT, INVENTORY, "source", commercial=True, given_triggers=True)
    generator = random.Random(1)
    forms = {e.form for _ in range(30) for e in examples_of(record, generator)}
    assert form.TRIGGERS not in forms


def test_arguments_name_their_trigger() -> None:
    asked = [e for e in examples_of(RECORD, random.Random(0)) if e.form is form.ARGUMENTS]
    assert [e.head for e in asked] == [(10, 16)]


def test_choices_are_right_for_mentions_and_none_for_other_words() -> None:
    drawn: list[Example] = []
    for seed in range(60):
        drawn += choices(DOCUMENT, INVENTORY, random.Random(seed), most=2)
    spans = {(m.start, m.end): m.type for m in DOCUMENT.entities or ()}
    assert {e.spots[-1] for e in drawn} == {"none"}
    for example in drawn:
        assert example.head is not None
        record = example.records[0]
        assert record.span == Span.of(TEXT, *example.head)
        assert record.label == spans.get(example.head, "none")
    assert {e.records[0].label for e in drawn} == {"person", "company", "city", "none"}
