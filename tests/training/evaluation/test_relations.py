from __future__ import annotations

from pathlib import Path

import pytest

from tasks.ontology import NONE, load
from tasks.records import Asoc, Record, Span
from tests.support.corpora import pair, write
from tests.training.evaluation.test_spans import AGAIN, ANN, NASA, total
from training.corpora import read_corpus
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction
from training.evaluation.questions_of import pair_questions
from training.evaluation.relations import accuracy, labels, quintuples
from training.evaluation.spans import exactly


def related(label: str) -> list[Record]:
    return [Record(None, ANN, (Asoc(label, NASA),))]


@pytest.mark.parametrize(
    ("said", "gold", "expected", "right"),
    [
        ("member of", "member of", Counts(1, 1, 1), 1),
        ("leads", "member of", Counts(0, 1, 1), 0),
        (NONE, "member of", Counts(0, 0, 1), 0),
        ("member of", NONE, Counts(0, 1, 0), 0),
        (NONE, NONE, Counts(0, 0, 0), 1),
    ],
)
def test_none_is_no_relation_but_counts_for_accuracy(
    said: str, gold: str, expected: Counts, right: int
) -> None:
    assert total(exactly(labels), related(said), related(gold)) == expected
    assert total(accuracy, related(said), related(gold)) == Counts(right, 1, 1)


def test_a_pair_that_was_not_answered_is_a_miss() -> None:
    assert total(exactly(labels), [], related("member of")) == Counts(0, 0, 1)
    assert total(accuracy, [], related(NONE)) == Counts(0, 1, 1)


def test_labels_that_share_a_word_and_the_one_that_has_its_own(tmp_path: Path) -> None:
    """Both "alternate_names" are one word; alumni are not charges, as the released code has it."""
    rows = [
        pair("Ann met Bob", (0, 1), (2, 3), "/per/per/alternate_names", "1.jpg"),
        pair("NASA met ESA", (0, 1), (2, 3), "/org/org/alternate_names", "2.jpg"),
        pair("Eve met Joe", (0, 1), (2, 3), "/per/per/alumi", "3.jpg"),
    ]
    write(tmp_path / "mnre/mnre_test.txt", "".join(rows))
    documents = read_corpus("mnre", tmp_path, "test")
    asked = [q for d in documents for q in pair_questions(d, load("mnre"))]
    said = ["alternate names", "alternate names", "charges"]
    counts = [
        exactly(labels)(Prediction((Record(None, None, (Asoc(word, ANN),)),)), q)
        for word, q in zip(said, asked, strict=True)
    ]
    assert counts[:2] == [{"alternate names": Counts(1, 1, 1)}] * 2
    assert counts[2] == {"alumni": Counts(0, 0, 1), "charges": Counts(0, 1, 0)}
    assert asked[2].example.asocs[-1] == NONE and len(asked[2].example.asocs) == 22


def joint(*relations: tuple[str, Span], tail_type: str = "organization") -> list[Record]:
    head = Record("person", ANN, tuple(Asoc(label, tail) for label, tail in relations))
    return [head, Record(tail_type, NASA), Record("person", AGAIN)]


BACKWARDS = [Record("person", ANN), Record("organization", NASA, (Asoc("member of", ANN),))]


def test_a_strict_relation_has_both_spans_both_types_and_its_direction() -> None:
    strict = exactly(quintuples(), distinct=True)
    gold = joint(("member of", NASA), ("knows", AGAIN))
    assert total(strict, gold, gold) == Counts(2, 2, 2)
    assert total(strict, joint(("member of", NASA)), gold) == Counts(1, 1, 2)
    assert total(strict, joint(("member of", NASA), tail_type="place"), gold) == Counts(0, 1, 2)
    assert total(strict, BACKWARDS, gold) == Counts(0, 1, 2)
    # a tail that was not found as an entity has no type
    assert total(strict, joint(("member of", NASA))[:1], gold) == Counts(0, 1, 2)


def test_boundaries_leave_the_types_out() -> None:
    boundaries = exactly(quintuples(typed=False), distinct=True)
    gold = joint(("member of", NASA))
    assert total(boundaries, joint(("member of", NASA), tail_type="place"), gold) == Counts(1, 1, 1)
    assert total(boundaries, joint(("member of", NASA))[:1], gold) == Counts(1, 1, 1)
    assert total(boundaries, joint(("member of", AGAIN)), gold) == Counts(0, 1, 1)
    assert total(boundaries, BACKWARDS, gold) == Counts(0, 1, 1)


@pytest.mark.parametrize("typed", [True, False])
def test_undirected_ends_may_swap(typed: bool) -> None:
    undirected = exactly(quintuples(directed=False, typed=typed), distinct=True)
    gold = joint(("member of", NASA))
    assert total(undirected, BACKWARDS, gold) == Counts(1, 1, 1)
    # both directions are one relation then, and two otherwise
    both = [Record("person", ANN, (Asoc("member of", NASA),)), BACKWARDS[1]]
    assert total(undirected, both, gold) == Counts(1, 1, 1)
    assert total(exactly(quintuples(typed=typed), distinct=True), both, gold) == Counts(1, 2, 1)


def test_quintuples_are_a_set() -> None:
    strict = exactly(quintuples(), distinct=True)
    gold = joint(("member of", NASA), ("knows", AGAIN))
    said = joint(("knows", AGAIN), ("knows", AGAIN))
    assert total(strict, said, gold) == Counts(1, 1, 2)
