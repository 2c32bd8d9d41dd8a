from __future__ import annotations

import random

from tasks import form
from tasks.instruction import Prompter
from tasks.ontology import NONE
from tasks.records import Span
from tests.training.text.test_stated_relations import NAMES, WORKS
from training.text.example import Example, encode_span_first
from training.text.passage import Passage, Segment
from training.text.stated_examples import UNFIT, StatedRelations, examples_of, joint, pairs
from training.text.stated_relations import (
    MISCELLANEOUS,
    Fact,
    RelationKind,
    StatedText,
    StatementWriter,
    relation_kinds,
)

SEEDS = range(40)
KINDS = {(kind.labels[0], kind.head): kind for kind in relation_kinds()}
PARENT, SIBLINGS = KINDS["parent", "person"], KINDS["siblings", "person"]
NATIONALITY = KINDS["nationality", "person"]


def two_sentences(kind: RelationKind = PARENT, tail: str = "person") -> StatedText:
    """Ann (0) heads a fact about Ben (1); Cleo (2) and Oslo (3) are in another sentence."""
    segments = (
        Segment("Ann", "person"),
        Segment(" stands beside "),
        Segment("Ben", tail),
        Segment(". "),
        Segment("Cleo", "person"),
        Segment(" dreams of "),
        Segment("Oslo", "location"),
        Segment("."),
    )
    return StatedText(Passage(segments), (Fact(kind, 0, 1),), ((2, 3),))


def pair_of(text: StatedText, head: int, tail: int, seed: int) -> Example:
    ends = text.names[head][:2], text.names[tail][:2]
    drawn = pairs(text, random.Random(seed))
    (example,) = (one for one in drawn if (one.head, one.tail) == ends)
    return example


def label_of(text: StatedText, head: int, tail: int, seed: int) -> tuple[str, tuple[str, ...]]:
    example = pair_of(text, head, tail, seed)
    (record,) = example.records
    (asoc,) = record.asocs
    return asoc.label, example.asocs


def test_a_pair_in_the_order_of_its_fact_has_its_label() -> None:
    for seed in SEEDS:
        example = pair_of(two_sentences(), 0, 1, seed)
        assert example.form is form.PAIR
        assert (example.head, example.tail) == ((0, 3), (18, 21))
        label, options = label_of(two_sentences(), 0, 1, seed)
        assert label in PARENT.labels
        assert label in options and NONE in options
        assert len(set(options)) == len(options)
        assert example.records[0].asocs[0].filler == Span.of(example.text, 18, 21)


def test_the_turned_pair_has_the_inverse_where_it_is_listed_or_none() -> None:
    seen = set()
    for seed in range(200):
        label, options = label_of(two_sentences(), 1, 0, seed)
        if label == NONE:
            assert not set(options) & set(PARENT.inverse)
        else:
            assert label in PARENT.inverse and label in options
        seen.add(label == NONE)
    assert seen == {True, False}


def test_a_symmetric_fact_has_one_answer_in_both_orders() -> None:
    for seed in SEEDS:
        text = two_sentences(SIBLINGS)
        assert label_of(text, 0, 1, seed)[0] == label_of(text, 1, 0, seed)[0] != NONE


def test_relations_that_may_hold_as_well_are_not_listed() -> None:
    for seed in SEEDS:
        _, options = label_of(two_sentences(), 0, 1, seed)
        near = {
            label
            for kind in relation_kinds()
            if kind.labels[0] in PARENT.near
            for label in kind.labels
        }
        assert not set(options) & (near - set(PARENT.labels))


def test_names_without_a_fact_have_none_among_relations_of_their_types() -> None:
    for seed in SEEDS:
        label, options = label_of(two_sentences(), 2, 3, seed)
        assert label == NONE and len(options) > 1
        admitted = {
            word
            for kind in relation_kinds()
            for ends, words in (
                ((kind.head, kind.tail), kind.labels),
                ((kind.tail, kind.head), kind.inverse),
            )
            if ends == ("person", "location")
            for word in words
        }
        assert set(options) - {NONE} <= admitted


def test_pairs_of_the_same_types_list_the_same_labels() -> None:
    for seed in SEEDS:
        text = two_sentences()
        kind_of = {(start, end): kind for start, end, kind in text.names}
        listed: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        for example in pairs(text, random.Random(seed)):
            assert example.head and example.tail
            listed.setdefault((kind_of[example.head], kind_of[example.tail]), set()).add(
                example.asocs
            )
        assert all(len(found) == 1 for found in listed.values())


def test_types_that_no_relation_admits_sometimes_list_one_label() -> None:
    text = two_sentences(NATIONALITY, "location")
    seen = {e.asocs for seed in SEEDS for e in pairs(text, random.Random(seed)) if UNFIT in e.asocs}
    assert seen <= {(UNFIT, NONE), (NONE, UNFIT)}


def test_a_nationality_is_listed_as_miscellaneous() -> None:
    text = two_sentences(NATIONALITY, "nationality")
    example = joint(text, random.Random(0))
    assert [record.label for record in example.records][:2] == ["person", MISCELLANEOUS]
    assert label_of(text, 0, 1, 0)[0] in NATIONALITY.labels


def test_the_joint_question_has_all_names_and_the_facts_that_they_head() -> None:
    for seed in SEEDS:
        example = joint(two_sentences(), random.Random(seed))
        assert example.form is form.JOINT
        assert {"person", "organization", "location", MISCELLANEOUS} == set(example.spots)
        assert [r.span.text for r in example.records if r.span] == ["Ann", "Ben", "Cleo", "Oslo"]
        first, *others = example.records
        (asoc,) = first.asocs
        assert asoc.label in PARENT.labels and asoc.filler == example.records[1].span
        assert all(record.asocs == () for record in others)
        assert asoc.label in example.asocs
        assert len(set(example.asocs)) == len(example.asocs)


def test_a_text_has_pairs_in_both_orders_across_sentences_and_joint_examples() -> None:
    wanted = {(0, 1), (1, 0), (2, 3), (0, 2)}
    starts = [start for start, *_ in two_sentences().names]
    asked, forms = set(), set()
    for seed in SEEDS:
        for example in examples_of(two_sentences(), random.Random(seed)):
            forms.add(example.form)
            if example.head and example.tail:
                asked.add((starts.index(example.head[0]), starts.index(example.tail[0])))
    assert wanted <= asked
    assert forms == {form.PAIR, form.JOINT}


def test_an_epoch_has_examples_of_so_many_texts_that_can_be_encoded(prompter: Prompter) -> None:
    curriculum = StatedRelations(StatementWriter(NAMES, WORKS), 12)
    examples = list(curriculum.epoch(random.Random(0)))
    assert 1 < len({example.text for example in examples}) <= 12
    assert all(encode_span_first(example, prompter) is not None for example in examples)
    assert examples == list(curriculum.epoch(random.Random(0)))
