from __future__ import annotations

import pytest

from tasks.ontology import load
from tasks.records import Record, Span
from tests.support.evaluator import FakeEvaluator, wanted
from training.evaluation import news
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question

TEXT = "Ann left Oslo for Rome"
ANN, OSLO, ROME = (
    Record("person", Span.of(TEXT, 0, 3)),
    Record("location", Span.of(TEXT, 9, 13)),
    Record("location", Span.of(TEXT, 18, 22)),
)


def test_the_sentences_have_all_four_types_in_turns() -> None:
    documents, types = news.read_news(), {kind.name for kind in load("twitter4").entities}
    assert len(documents) >= 24 and len({d.text for d in documents}) == len(documents)
    assert {m.type for d in documents for m in d.entities or ()} == types
    mixed = [d for d in documents if len({m.type for m in d.entities or ()}) > 1]
    assert len(mixed) > len(documents) / 2


@pytest.mark.parametrize("length", [1, 2, 6])
def test_joined_sentences_keep_their_entities(length: int) -> None:
    documents = news.read_news()
    for question in news.window_questions(length):
        spans = [record.span for record in question.example.records]
        for span in spans:
            assert span is not None and span.start is not None
            assert question.example.text[span.start : span.end] == span.text
        starts = [span.start for span in spans if span is not None and span.start is not None]
        assert starts == sorted(starts)
    assert len(news.window_questions(length)) == len(documents)


def test_a_type_lost_after_two_items_shows_in_length_and_place() -> None:
    def loses_types(question: Question) -> Prediction:
        records = [
            Record(r.label if k < 2 else "miscellaneous", r.span)
            for k, r in enumerate(wanted(question).records)
        ]
        return Prediction(tuple(records))

    count, rows = news.evaluate(FakeEvaluator(loses_types))
    assert count == len(news.WINDOWS) * len(news.read_news())
    f1 = {row.score: row.f1 for row in rows}
    assert f1["entities, 1 sentence"] > f1["entities, 3 sentences"] > f1["entities, 6 sentences"]
    assert f1["entities, item 1 of 6 sentences"] == 100.0
    assert f1["entities, item 6 of 6 sentences"] < 50.0
    assert {row.f1 for row in news.evaluate(FakeEvaluator())[1]} == {100.0}


def test_a_limit_holds_for_every_length() -> None:
    assert news.evaluate(FakeEvaluator(), 2)[0] == 2 * len(news.WINDOWS)


def test_answers_belong_to_the_item_they_overlap_or_the_next_one() -> None:
    gold = [ANN, OSLO, ROME]
    left = Record("organization", Span.of(TEXT, 4, 8))
    wrong = Record("person", Span.of(TEXT, 9, 13))
    assert news.by_place(gold, [ANN, left, wrong]) == {
        1: Counts(1, 1, 1),
        2: Counts(0, 2, 1),
        3: Counts(0, 0, 1),
    }
    assert news.by_place(gold, [ROME, ROME])[3] == Counts(1, 2, 1)
    nowhere = Record("person", Span("Cy", None, None))
    assert news.by_place(gold, [nowhere])[1] == Counts(gold=1)
