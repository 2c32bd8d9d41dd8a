from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tasks import form, instruction
from tasks.document import Argument, Document, Event, Mention, Relation
from tasks.ontology import NONE, EntityType, EventType, Ontology, RelationType, load, names
from tasks.records import Asoc, Record, Span
from training.text import examples_of as make
from training.text.example import Example, ExamplePicture

TEXT = "Ann Lee joined NASA in Oslo"
ANN, NASA, OSLO = Mention(0, 7, "person"), Mention(15, 19, "organization"), Mention(23, 27, "place")
ONTOLOGY = Ontology(
    name="made up",
    entities=tuple(EntityType(n) for n in ("person", "organization", "place", "animal", "song")),
    relations=(
        RelationType("member of", head=("person",), tail=("organization",)),
        RelationType("part of", head=("organization",), tail=("organization",)),
        RelationType("lives in", head=("person",), tail=("place",)),
    ),
    events=(EventType("join", roles=("member", "group", "scene")), EventType("storm")),
)
DOCUMENT = Document(
    TEXT,
    "made up",
    "train",
    "made up",
    entities=(ANN, NASA, OSLO),
    relations=(Relation("member of", 0, 1), Relation("lives in", 0, 2)),
    events=(Event("join", 8, 14, (Argument("member", 0, 7), Argument("group", 15, 19))),),
)
SEEDS = range(200)


def span(mention: Mention) -> Span:
    return Span.of(TEXT, mention.start, mention.end)


def said(example: Example) -> dict[str, str]:
    """Mentions by type."""
    return {r.label or "": r.span.text for r in example.records if r.span}


def test_entities_have_listed_labels() -> None:
    orders, lengths = set(), Counter[int]()
    for seed in SEEDS:
        example = make.entities(DOCUMENT, ONTOLOGY, random.Random(seed))
        assert example.form is form.ENTITIES and example.asocs == ()
        assert example.wording is instruction.ENTITIES and example.weight == 1.0
        assert len(set(example.spots)) == len(example.spots)
        assert said(example).keys() <= set(example.spots)
        # whatever is listed is answered, whatever is not is not
        listed = {"person": ANN, "organization": NASA, "place": OSLO}
        for label in listed.keys() & set(example.spots):
            assert said(example)[label] == span(listed[label]).text
        orders.add(example.spots)
        lengths[len(example.spots)] += 1
    assert len(orders) > 50
    assert lengths[5] > 0.6 * len(SEEDS) and len(lengths) == 5


def test_types_that_the_text_lacks_are_listed_too() -> None:
    listed = Counter[str]()
    for seed in SEEDS:
        listed.update(make.entities(DOCUMENT, ONTOLOGY, random.Random(seed)).spots)
    assert min(listed["animal"], listed["song"]) > 0.7 * len(SEEDS)


def test_a_text_without_entities_is_an_example_too() -> None:
    empty = Document(TEXT, "made up", "train", "made up", entities=())
    example = make.entities(empty, ONTOLOGY, random.Random(0))
    assert example.records == () and example.spots


def test_a_type_is_sometimes_called_otherwise_in_question_and_answer_alike() -> None:
    others = Counter[str]()
    for seed in SEEDS:
        example = make.entities(DOCUMENT, ONTOLOGY, random.Random(seed))
        for record in example.records:
            if record.span == span(ANN) and record.label != "person":
                assert record.label in example.spots and "person" not in example.spots
                others[str(record.label)] += 1
    assert len(others) > 1 and 5 < others.total() < 0.3 * len(SEEDS)


@pytest.mark.parametrize("name", names())
def test_no_other_word_is_a_type_of_its_own(name: str) -> None:
    """Two types of one name could not be told apart."""
    labels = [kind.name for kind in load(name).entities]
    for seed in range(20):
        document = Document(TEXT, name, "train", name, entities=())
        spots = make.entities(document, load(name), random.Random(seed), most_labels=999).spots
        assert len(set(spots)) == len(spots) <= len(labels)


def test_long_inventories_are_sampled_around_the_answer() -> None:
    many = Ontology("many", entities=tuple(EntityType(f"type {k}") for k in range(60)))
    document = Document(
        TEXT, "many", "train", "many", entities=(Mention(0, 3, "type 7"), Mention(15, 19, "type 9"))
    )
    complete, lengths = 0, set()
    for seed in SEEDS:
        spots = make.entities(document, many, random.Random(seed)).spots
        complete += {"type 7", "type 9"} <= set(spots)
        lengths.add(len(spots))
    assert complete > 0.8 * len(SEEDS) and len(lengths) > 30


def test_with_a_picture_entities_are_grounded() -> None:
    picture = ExamplePicture(3, (1, 2, 3), matched=False)
    for seed in range(20):
        example = make.entities(DOCUMENT, ONTOLOGY, random.Random(seed), picture=picture)
        assert example.form is form.GROUNDED and example.asocs == ("region",)
        assert example.picture is picture
        # no corpus says which region shows whom
        assert not any(record.asocs for record in example.records)


def one_pair(document: Document, relation: Relation, seed: int) -> Example:
    (example,) = make.pairs(document, [relation], ONTOLOGY, random.Random(seed))
    return example


@pytest.mark.parametrize("relation", [*(DOCUMENT.relations or ()), Relation(NONE, 2, 0)])
def test_a_pair_has_its_relation_and_none_among_the_options(relation: Relation) -> None:
    known = {kind.name for kind in ONTOLOGY.relations} | {NONE}
    numbers = Counter[int]()
    for seed in SEEDS:
        example = one_pair(DOCUMENT, relation, seed)
        head, tail = DOCUMENT.mentions[relation.head], DOCUMENT.mentions[relation.tail]
        assert example.form is form.PAIR and example.spots == ()
        assert (example.head, example.tail) == ((head.start, head.end), (tail.start, tail.end))
        expected = instruction.relation(span(head).text, span(tail).text)
        assert example.wording == expected
        assert example.records == (Record(None, None, (Asoc(relation.type, span(tail)),)),)
        assert {NONE, relation.type} <= set(example.asocs) <= known
        assert len(set(example.asocs)) == len(example.asocs)
        numbers[len(example.asocs)] += 1
    assert numbers[4] >= 0.2 * len(SEEDS) and len(numbers) > 1


def test_pairs_of_the_same_types_list_the_same_labels_one_after_another() -> None:
    relations = [Relation("member of", 0, 1), Relation("lives in", 0, 2), Relation(NONE, 0, 1)]
    for seed in SEEDS:
        first, second, third = make.pairs(DOCUMENT, relations, ONTOLOGY, random.Random(seed))
        assert (first.head, first.tail) == (second.head, second.tail)
        assert first.asocs == second.asocs and "member of" in first.asocs
        assert [example.records[0].asocs[0].label for example in (first, second, third)] == [
            "member of",
            NONE,
            "lives in",
        ]


def test_a_pair_weighs_more_than_a_list() -> None:
    pair = one_pair(DOCUMENT, Relation("member of", 0, 1), 0)
    assert pair.weight > make.joint(DOCUMENT, ONTOLOGY, random.Random(0)).weight


@pytest.mark.parametrize("label", ["member of", NONE])
def test_options_of_a_pair_are_those_of_its_types_or_all(label: str) -> None:
    """A person can be in an organization, but not part of it."""
    seen = set()
    for seed in SEEDS:
        example = one_pair(DOCUMENT, Relation(label, 0, 1), seed)
        seen.add(frozenset(example.asocs) - {NONE})
    assert seen == {frozenset({"member of"}), frozenset({"member of", "part of", "lives in"})}


def test_an_unrelated_pair_of_unknown_types_has_the_options_of_some_types_or_all() -> None:
    untyped = replace(
        DOCUMENT, entities=None, pair_mentions=(replace(ANN, type=""), replace(OSLO, type=""))
    )
    seen = set()
    for seed in SEEDS:
        example = one_pair(untyped, Relation(NONE, 0, 1), seed)
        seen.add(frozenset(example.asocs) - {NONE})
    every = {"member of", "part of", "lives in"}
    assert seen == {frozenset(every), *(frozenset({name}) for name in every)}


def test_joint_extraction_has_each_relation_under_its_head() -> None:
    example = make.joint(DOCUMENT, ONTOLOGY, random.Random(1))
    assert example.form is form.JOINT
    assert sorted(example.spots) == sorted(kind.name for kind in ONTOLOGY.entities)
    assert sorted(example.asocs) == sorted(kind.name for kind in ONTOLOGY.relations)
    assert example.records == (
        Record("person", span(ANN), (Asoc("member of", span(NASA)), Asoc("lives in", span(OSLO)))),
        Record("organization", span(NASA)),
        Record("place", span(OSLO)),
    )


def test_triggers_have_listed_types() -> None:
    dropped = 0
    for seed in SEEDS:
        example = make.triggers(DOCUMENT, ONTOLOGY, random.Random(seed))
        assert example.form is form.TRIGGERS and example.wording is instruction.EVENTS
        listed = "join" in example.spots
        assert said(example) == ({"join": "joined"} if listed else {})
        dropped += not listed
    assert 0 < dropped < 0.3 * len(SEEDS)


def test_prompts_for_arguments_name_the_trigger() -> None:
    (event,) = DOCUMENT.events or ()
    example = make.arguments(DOCUMENT, event, ONTOLOGY, random.Random(0))
    assert example.form is form.ARGUMENTS and example.spots == ("join",)
    assert sorted(example.asocs) == ["group", "member", "scene"]
    assert example.wording == instruction.arguments("joined")
    asocs = (Asoc("member", span(ANN)), Asoc("group", span(NASA)))
    assert example.records == (Record("join", None, asocs),)


def test_unrelated_pairs_are_pairs_of_the_document_that_some_relation_admits() -> None:
    """An organization can be part of another, and nobody asks whether a place is in a person."""
    acme = Mention(0, 7, "organization")
    document = replace(DOCUMENT, entities=(acme, NASA, OSLO), relations=(Relation("x", 0, 1),))
    pairs = make.none_pairs(document, ONTOLOGY, 99, random.Random(0))
    assert pairs == [Relation(NONE, 1, 0)]
    assert make.none_pairs(DOCUMENT, ONTOLOGY, 99, random.Random(0)) == []


def test_the_number_of_unrelated_pairs_is_limited() -> None:
    open_to_all = Ontology("open", relations=(RelationType("knows"),))
    free = make.none_pairs(DOCUMENT, open_to_all, 99, random.Random(0))
    assert {(r.head, r.tail) for r in free} == {(1, 0), (1, 2), (2, 0), (2, 1)}
    assert len(make.none_pairs(DOCUMENT, open_to_all, 2, random.Random(0))) == 2
