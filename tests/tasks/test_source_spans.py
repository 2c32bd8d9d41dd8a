from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.records import Span
from tasks.source import Piece, Source
from tasks.source_spans import SourceSpans
from tasks.state import Symbol
from tests.support.answers import TOKENIZERS, admissible_spans, encode, texts


def spans_of(*flags: str, gap_before: int = -1, text: str = "abcdefgh") -> SourceSpans:
    """The spans of one-letter pieces: "o" opens, "c" closes; one position may be skipped."""
    pieces = tuple(
        Piece(i + (0 <= gap_before <= i), i, i + 1, "o" in flag, "c" in flag)
        for i, flag in enumerate(flags)
    )
    ids = tuple(range(100, 101 + len(flags)))
    return SourceSpans(Source(text[: len(flags)], ids, (0,) * len(ids), pieces))


def test_a_span_continues_only_where_it_can_end() -> None:
    spans = spans_of("oc", "o", "", "c", "o", "")
    assert [spans.continues(i, i + 1) for i in range(6)] == [True, True, True, False, False, False]
    assert spans.starts == [0, 1]
    assert spans_of("o", "").starts == []
    assert spans_of().starts == []


def test_a_span_does_not_skip_a_token() -> None:
    spans = spans_of("oc", "oc", "oc", gap_before=1)
    assert [spans.continues(i, i + 1) for i in range(3)] == [False, True, False]
    assert [s.position for s in spans.starts_from(0)] == [0, 2, 3]
    split = spans_of("o", "c", gap_before=1)
    assert split.starts == []


def test_punctuation_alone_is_no_span() -> None:
    spans = spans_of("oc", "oc", "oc", "oc", text="!,a.")
    assert spans.starts == [0, 1, 2]
    assert [spans.closes(0, stop) for stop in (1, 2, 3, 4)] == [False, False, True, True]
    assert [spans.continues(0, stop) for stop in (1, 2, 3, 4)] == [True, True, True, False]
    assert [spans.closes(first, 3) for first in (1, 2)] == [True, True]
    assert not spans.has_alnum(0, 2) and spans.has_alnum(0, 3)
    assert spans_of("oc", "oc", text="?!").starts == []
    # the span cannot contain the letter, or cannot end behind it
    assert spans_of("oc", "oc", text="!a", gap_before=1).starts == [1]
    assert spans_of("oc", "o", text="!a").starts == []


def test_starts_from_a_piece_on() -> None:
    spans = spans_of("oc", "c", "oc")
    assert spans.starts_from(0) == [Symbol(100, 0), Symbol(102, 2)]
    assert spans.starts_from(1) == spans.starts_from(2) == [Symbol(102, 2)]
    assert spans.starts_from(3) == []
    assert [spans.has_start(first) for first in range(4)] == [True, True, True, False]


def test_symbols_copy_pieces() -> None:
    spans = spans_of("oc", "oc", gap_before=0)
    assert spans.copy((0, 2)) == (Symbol(101, 1), Symbol(102, 2))
    assert spans.piece_of(Symbol(102, 2)) == 1
    assert spans.span(0, 2) == Span("ab", 0, 2)


@settings(max_examples=60)
@given(text=texts(), name=st.sampled_from(sorted(TOKENIZERS)), separator=st.sampled_from(("", " ")))
def test_exactly_the_ranges_that_open_and_close_are_admitted(
    text: str, name: str, separator: str
) -> None:
    source = encode(TOKENIZERS[name], text, separator=separator)
    spans = SourceSpans(source)
    ranges = set()
    for first in spans.starts:
        stop = first + 1
        while True:
            assert spans.closes(first, stop) or spans.continues(first, stop)
            if spans.closes(first, stop):
                ranges.add((first, stop))
            if not spans.continues(first, stop):
                break
            stop += 1
    assert ranges == set(admissible_spans(source))


def test_a_token_with_a_line_break_is_in_no_span() -> None:
    pieces = (Piece(0, 0, 3, True, True), Piece(1, 3, 6, True, True))
    spans = SourceSpans(Source("a\nbcde", (1, 2), (0, 0), pieces))
    assert spans.starts == [1] and not spans.continues(0, 1)
    assert not spans.admits(0, 1) and spans.admits(1, 2)


def test_a_span_has_no_line_break() -> None:
    for space, continues in ((" ", True), ("\t", True), ("\n", False), ("\r\n", False)):
        text = f"New{space}York"
        pieces = (Piece(0, 0, 3, True, True), Piece(1, 3 + len(space), len(text), True, True))
        spans = SourceSpans(Source(text, (1, 2), (0, 0), pieces))
        assert spans.continues(0, 1) is continues
        assert spans.admits(0, 2) is continues
        assert spans.starts == [0, 1]
