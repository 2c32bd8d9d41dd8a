from __future__ import annotations

from tasks.aligner import Aligner
from tasks.records import Span


def test_an_occurrence_is_taken_once_for_each_label() -> None:
    aligner = Aligner("Bo met Bo")
    assert aligner.align("Bo", "person") == Span("Bo", 0, 2)
    assert aligner.align("Bo", "place") == Span("Bo", 0, 2)
    assert aligner.align("Bo", "person") == Span("Bo", 7, 9)
    assert aligner.align("Bo", "person") == Span("Bo", 0, 2)


def test_whole_words_come_first() -> None:
    assert Aligner("USER in US").align("US", "place") == Span("US", 8, 10)


def test_a_mention_outside_the_text_has_no_offsets() -> None:
    assert Aligner("Bo").align("Zoe", "person") == Span("Zoe", None, None)
    assert Aligner("Bo").align("", "person") == Span("", None, None)


def test_known_occurrences_replace_the_search_and_define_the_spelling() -> None:
    aligner = Aligner("DON'T stop, don't")
    assert aligner.align("don ' t", "title", [(0, 5), (12, 17)]) == Span("DON'T", 0, 5)
    assert aligner.align("don ' t", "title", [(0, 5), (12, 17)]) == Span("don't", 12, 17)
