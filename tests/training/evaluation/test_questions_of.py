from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from tasks import form, instruction
from tasks.document import Document, Mention, Relation
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Span
from tests.training.text.conftest import MAN
from tests.training.text.test_captions import NAMES
from tests.training.text.test_examples_of import DOCUMENT, NASA, ONTOLOGY, TEXT, span
from training.evaluation import questions_of
from training.flickr8k import Photo, photo_from_json

TYPES = ("person", "organization", "place", "animal", "song")


def test_all_types_are_listed_in_the_order_of_the_inventory() -> None:
    (question,) = questions_of.entity_questions(DOCUMENT, ONTOLOGY)
    example = question.example
    assert (example.form, example.spots, example.asocs) == (form.ENTITIES, TYPES, ())
    assert [(r.label, r.span and r.span.text) for r in example.records] == [
        ("person", "Ann Lee"),
        ("organization", "NASA"),
        ("place", "Oslo"),
    ]
    assert (question.unit, question.picture) == (TEXT, None)


def test_with_a_picture_entities_are_grounded() -> None:
    boxed = replace(DOCUMENT, entities=(Mention(0, 7, "person", (MAN,)), NASA))
    (question,) = questions_of.entity_questions(boxed, ONTOLOGY, Path("a.jpg"))
    assert (question.example.form, question.example.asocs) == (form.GROUNDED, ("region",))
    assert question.boxes == ((MAN,), ()) and question.picture == Path("a.jpg")


def test_every_pair_lists_all_relations_and_none_last() -> None:
    document = Document(
        TEXT,
        "made up",
        "test",
        "made up",
        relations=(Relation("member of", 0, 1), Relation(NONE, 1, 0)),
        pair_mentions=(Mention(0, 7, ""), NASA),
    )
    first, second = (q.example for q in questions_of.pair_questions(document, ONTOLOGY))
    assert first.asocs == second.asocs == ("member of", "part of", "lives in", NONE)
    assert (first.head, first.tail) == ((0, 7), (15, 19)) == (second.tail, second.head)
    assert first.wording == instruction.relation("Ann Lee", "NASA")
    assert [r.asocs[0].label for e in (first, second) for r in e.records] == ["member of", NONE]
    assert first.records[0].span == Span(TEXT[:7], 0, 7)


def test_joint_extraction() -> None:
    (question,) = questions_of.joint_questions(DOCUMENT, ONTOLOGY)
    example = question.example
    assert (example.form, example.spots) == (form.JOINT, TYPES)
    assert example.asocs == ("member of", "part of", "lives in")
    assert [asoc.label for asoc in example.records[0].asocs] == ["member of", "lives in"]
    assert example.records[1:] == (
        Record("organization", span(NASA)),
        Record("place", Span("Oslo", 23, 27)),
    )


def test_triggers_and_their_arguments() -> None:
    asocs = (Asoc("member", Span("Ann Lee", 0, 7)), Asoc("group", span(NASA)))
    (triggers,) = (q.example for q in questions_of.trigger_questions(DOCUMENT, ONTOLOGY))
    assert (triggers.form, triggers.spots) == (form.TRIGGERS, ("join", "storm"))
    assert triggers.records == (Record("join", Span("joined", 8, 14), asocs),)
    (arguments,) = (q.example for q in questions_of.argument_questions(DOCUMENT, ONTOLOGY))
    assert arguments.spots == ("join",) and arguments.asocs == ("member", "group", "scene")
    assert arguments.wording == instruction.arguments("joined")
    assert arguments.head == (8, 14)
    assert arguments.records == (Record("join", None, asocs),)


def test_missing_annotations_have_no_questions() -> None:
    bare = Document(TEXT, "made up", "test", "made up")
    assert list(questions_of.pair_questions(bare, ONTOLOGY)) == []
    assert list(questions_of.argument_questions(bare, ONTOLOGY)) == []


def photo_of(*texts: str, image: str = "x.jpg") -> Photo:
    phrase = {"chain": "1", "types": ["people"], "start": 0, "end": 5}
    return photo_from_json(
        {
            "image": image,
            "split30k": "test",
            "orig_size": [10, 10],
            "captions": [{"text": text, "phrases": [phrase]} for text in texts],
            "boxes": [{"chains": ["1"], "box": list(MAN)}],
            "scene_chains": [],
            "nobox_chains": [],
        }
    )


def test_the_first_caption_with_a_person_gets_a_name() -> None:
    photo = photo_of("Nobody here .", "A man sits .", "A boy sits .")
    question = questions_of.named_caption(photo, Path("photos"), NAMES, ONTOLOGY, random.Random(0))
    assert question is not None
    example = question.example
    (record,) = example.records
    assert example.text.endswith(" sits .") and question.boxes == ((MAN,),)
    assert record.label == "person" and record.span is not None
    assert example.text[record.span.start : record.span.end] == record.span.text
    assert record.span.text.split()[0] in ("Tom", "Max", "Stone")
    assert (example.form, example.asocs) == (form.GROUNDED, ("region",))
    assert record.asocs == () and example.spots == TYPES
    assert (question.unit, question.picture) == ("x.jpg", Path("photos/images/x.jpg"))


def test_a_photo_without_people_has_no_question() -> None:
    photo = photo_of("A dog .")
    assert questions_of.named_caption(photo, Path(), NAMES, ONTOLOGY, random.Random(0)) is None
