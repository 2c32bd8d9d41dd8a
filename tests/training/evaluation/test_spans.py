from __future__ import annotations

from pathlib import Path

import pytest

from tasks import form, instruction
from tasks.ontology import load
from tasks.records import Asoc, Record, Region, Span
from tests.support.corpora import conll, write
from training.corpora import read_corpus
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import entity_questions
from training.evaluation.spans import Scorer, exactly, only, rolled_up, strings, typed, untyped
from training.text.example import Example

TEXT = "Ann met Ann of NASA in Oslo"
ANN, AGAIN, NASA = Span.of(TEXT, 0, 3), Span.of(TEXT, 8, 11), Span.of(TEXT, 15, 19)


def question(*records: Record) -> Question:
    return Question(Example(TEXT, instruction.ENTITIES, form.ENTITIES, records), TEXT)


def entity(span: Span, label: str = "person", *regions: int) -> Record:
    return Record(label, span, tuple(Asoc("region", Region(k)) for k in regions), 0.5)


def total(scorer: Scorer, said: list[Record], gold: list[Record]) -> Counts:
    return sum(scorer(Prediction(tuple(said)), question(*gold)).values(), Counts())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([entity(ANN), entity(NASA, "organization")], Counts(2, 2, 2)),
        ([entity(AGAIN)], Counts(0, 1, 2)),  # the same word elsewhere
        ([entity(ANN, "place")], Counts(0, 1, 2)),
        ([entity(Span.of(TEXT, 0, 7))], Counts(0, 1, 2)),
        ([entity(ANN), entity(ANN)], Counts(1, 2, 2)),  # each gold entity is used once
        ([entity(ANN), entity(ANN, "place")], Counts(1, 2, 2)),
        ([entity(ANN, "person", 3)], Counts(1, 1, 2)),
        ([entity(Span("Anna", None, None))], Counts(0, 1, 2)),  # not in the text
        ([Record("person", None)], Counts(0, 0, 2)),
        ([], Counts(0, 0, 2)),
    ],
)
def test_spans_count_by_place_and_type(said: list[Record], expected: Counts) -> None:
    gold = [entity(ANN), entity(NASA, "organization")]
    assert total(exactly(typed), said, gold) == expected


def test_types_are_counted_apart() -> None:
    gold = [entity(ANN), entity(AGAIN), entity(NASA, "organization")]
    said = Prediction((entity(ANN), entity(AGAIN, "organization"), entity(NASA, "place")))
    assert exactly(typed)(said, question(*gold)) == {
        "person": Counts(1, 1, 2),
        "organization": Counts(0, 1, 1),
        "place": Counts(0, 1, 0),
    }


def test_a_trigger_is_identified_without_its_type() -> None:
    said, gold = [entity(ANN, "meet"), entity(NASA, "die")], [entity(ANN, "attack")]
    assert total(exactly(untyped), said, gold) == Counts(1, 2, 1)
    assert total(exactly(typed), said, gold) == Counts(0, 2, 1)


def test_strings_are_a_multiset() -> None:
    """A repeated name is wanted as often as it stands there, wherever its finder says it is."""
    gold = [entity(ANN), entity(AGAIN)]
    assert total(exactly(strings), [entity(ANN)], gold) == Counts(1, 1, 2)
    assert total(exactly(strings), [entity(ANN), entity(ANN)], gold) == Counts(2, 2, 2)
    assert total(exactly(strings), [entity(Span("Ann", None, None))] * 3, gold) == Counts(2, 3, 2)
    assert total(exactly(typed), [entity(ANN), entity(ANN)], gold) == Counts(1, 2, 2)


def test_sets_have_no_duplicates() -> None:
    twice = [entity(ANN), entity(ANN)]
    assert total(exactly(typed, distinct=True), twice, twice) == Counts(1, 1, 1)


def test_fine_types_roll_up() -> None:
    parents = {"actor": "person", "coach": "person", "band": "organization"}
    said, gold = [entity(ANN, "actor"), entity(NASA, "band")], [entity(ANN, "coach")]
    assert total(exactly(typed), said, gold) == Counts(0, 2, 1)
    score = exactly(rolled_up(parents))(Prediction(tuple(said)), question(*gold))
    assert score == {"person": Counts(1, 1, 1), "organization": Counts(0, 1, 0)}


def test_some_types_only() -> None:
    said, gold = [entity(ANN, "song"), entity(NASA, "band")], [entity(ANN, "song"), entity(NASA)]
    assert total(exactly(only({"song"})), said, gold) == Counts(1, 1, 1)


def test_other_and_misc_are_one_type(tmp_path: Path) -> None:
    """Twitter-2015 writes OTHER, Twitter-2017 MISC; what is asked and compared is one word."""
    for year, code in (("2015", "OTHER"), ("2017", "MISC")):
        write(
            tmp_path / f"twitter{year}/test.txt", conll(["Grammys B-" + code, "! O"], images=["1"])
        )
        (document,) = read_corpus(f"twitter{year}", tmp_path, "test")
        (asked,) = entity_questions(document, load("twitter4"))
        assert asked.example.spots == ("person", "location", "organization", "miscellaneous")
        said = Prediction((Record("miscellaneous", Span.of(document.text, 0, 7)),))
        assert exactly(typed)(said, asked) == {"miscellaneous": Counts(1, 1, 1)}
