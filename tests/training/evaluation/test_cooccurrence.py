from __future__ import annotations

from collections.abc import Mapping

import pytest

from tasks import form
from tasks.ontology import NONE, load
from tasks.records import Asoc, Record, Span
from tests.support.evaluator import FakeEvaluator
from training.evaluation import cooccurrence
from training.evaluation.cooccurrence import Sentence
from training.evaluation.question import Prediction, Question

TEXT = "Ben is the son of Anna."
SON = Sentence(TEXT, (("Ben", "person"), ("Anna", "person")), ("Anna", "parent", "Ben"))


def shares(evaluator: FakeEvaluator) -> Mapping[str, float]:
    _, rows = cooccurrence.evaluate(evaluator)
    return {row.score: row.f1 for row in rows}


def test_the_sentences_use_labels_of_the_inventories() -> None:
    news, own = load("news"), cooccurrence.own_ontology()
    unrelated = cooccurrence.unrelated_sentences()
    directed = cooccurrence.directed_sentences("directed", news)
    own_directed = cooccurrence.directed_sentences("own_directed", own)
    assert len(unrelated) >= 50 and len(directed) >= 50 and len(own_directed) >= 20
    for sentences, ontology in ((unrelated, news), (directed, news), (own_directed, own)):
        assert len({sentence.text for sentence in sentences}) == len(sentences)
        for sentence in sentences:
            assert all(sentence.text.count(name) == 1 for name, _ in sentence.names), sentence
            assert list(cooccurrence.pair_questions(sentence, ontology)), sentence


def test_relations_come_in_both_orders_of_the_text() -> None:
    sentences = cooccurrence.directed_sentences("directed", load("news"))
    head_first = [s.relation is not None and s.names[0][0] == s.relation[0] for s in sentences]
    assert 0.4 <= sum(head_first) / len(head_first) <= 0.6


def test_pairs_have_questions_in_both_directions_with_none() -> None:
    first, second = cooccurrence.pair_questions(SON, load("news"))
    assert first.example.form is form.PAIR and first.example.asocs[-1] == NONE
    assert "parent" in first.example.asocs and "contain" not in first.example.asocs
    assert (first.example.head, first.example.tail) == ((0, 3), (18, 22))
    assert (second.example.head, second.example.tail) == ((18, 22), (0, 3))


def test_silence_fires_nothing_and_finds_nothing() -> None:
    assert set(shares(FakeEvaluator()).values()) == {0.0}


def test_whoever_knows_the_relations_is_right() -> None:
    sentences = [
        *cooccurrence.directed_sentences("directed", load("news")),
        *cooccurrence.directed_sentences("own_directed", cooccurrence.own_ontology()),
    ]
    known = {s.text: s.relation for s in sentences}

    def pair(question: Question) -> Prediction:
        example = question.example
        assert example.head is not None and example.tail is not None
        head, tail = (Span.of(example.text, *span) for span in (example.head, example.tail))
        labels = [
            label for label in example.asocs if (head.text, label, tail.text) in said[example.text]
        ]
        return Prediction((Record(None, head, (Asoc((labels or [NONE])[0], tail),)),))

    said = {s.text: [s.relation] for s in sentences} | {
        s.text: [] for s in cooccurrence.unrelated_sentences()
    }
    # two sentences are in both parts, with the inverse label in the second
    for sentence in cooccurrence.directed_sentences("directed", load("news")):
        said[sentence.text].append(sentence.relation)
    found = shares(FakeEvaluator(pair))
    assert known and found["direction right, names given"] == 100.0
    assert found["direction, own labels right, names given"] == 100.0
    assert found["direction reversed, names given"] == 0.0
    assert found["fired on co-occurrence, names given"] == 0.0


@pytest.mark.parametrize(
    ("found", "right", "backwards"),
    [
        ([("Anna", "parent", "Ben", 0.4)], True, False),
        ([("Ben", "parent", "Anna", 0.9)], False, True),
        ([("Anna", "parent", "Ben", 0.4), ("Ben", "parent", "Anna", 0.9)], False, True),
        ([("Anna", "siblings", "Ben", 0.9)], False, False),
        ([("Anna", "siblings", "Ben", 0.2), ("Anna", "parent", "Ben", 0.3)], True, False),
        ([], False, False),
    ],
)
def test_the_best_relation_between_the_names_counts(
    found: list[cooccurrence.Found], right: bool, backwards: bool
) -> None:
    assert cooccurrence.right(SON, found) is right
    assert cooccurrence.reversed_(SON, found) is backwards


def test_an_inverse_label_the_other_way_round_is_the_same() -> None:
    sentence = Sentence(TEXT, SON.names, ("Ben", "child of", "Anna"))
    assert cooccurrence.right(sentence, [("Anna", "parent of", "Ben", 0.9)])
    assert cooccurrence.reversed_(sentence, [("Ben", "parent of", "Anna", 0.9)])


def test_only_scores_above_a_half_have_fired() -> None:
    assert not cooccurrence.fired(SON, [("Ben", "peer", "Anna", 0.5)])
    assert cooccurrence.fired(SON, [("Ben", "peer", "Anna", 0.51)])
