from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.records import Span
from tasks.source import Piece, Source
from tasks.source_spans import SourceSpans
from tasks.state import Symbol
from tests.support.answers import TOKENIZERS, encode, sayable, texts


def passage_of(*flags: str, gap_before: int = -1, text: str = "abcdefgh") -> SourceSpans:
    """A passage of one-letter pieces: "o" opens, "c" closes; one position may be skipped."""
    pieces = tuple(
        Piece(i + (0 <= gap_before <= i), i, i + 1, "o" in flag, "c" in flag)
        for i, flag in enumerate(flags)
    )
    ids = tuple(range(100, 101 + len(flags)))
    return SourceSpans(Source(text[: len(flags)], ids, (0,) * len(ids), pieces))


def test_a_span_goes_on_only_where_it_can_end() -> None:
    passage = passage_of("oc", "o", "", "c", "o", "")
    assert [passage.goes_on(i, i + 1) for i in range(6)] == [True, True, True, False, False, False]
    assert passage.starts == [0, 1]
    assert passage_of("o", "").starts == []
    assert passage_of().starts == []


def test_a_span_does_not_leap_over_a_token() -> None:
    passage = passage_of("oc", "oc", "oc", gap_before=1)
    assert [passage.goes_on(i, i + 1) for i in range(3)] == [False, True, False]
    assert [s.position for s in passage.starts_from(0)] == [0, 2, 3]
    split = passage_of("o", "c", gap_before=1)
    assert split.starts == []


def test_punctuation_alone_is_no_span() -> None:
    passage = passage_of("oc", "oc", "oc", "oc", text="!,a.")
    assert passage.starts == [0, 1, 2]
    assert [passage.closes(0, stop) for stop in (1, 2, 3, 4)] == [False, False, True, True]
    assert [passage.goes_on(0, stop) for stop in (1, 2, 3, 4)] == [True, True, True, False]
    assert [passage.closes(first, 3) for first in (1, 2)] == [True, True]
    assert not passage.names(0, 2) and passage.names(0, 3)
    assert passage_of("oc", "oc", text="?!").starts == []
    # the letter is out of reach, or the span could not end behind it
    assert passage_of("oc", "oc", text="!a", gap_before=1).starts == [1]
    assert passage_of("oc", "o", text="!a").starts == []


def test_starts_from_a_piece_on() -> None:
    passage = passage_of("oc", "c", "oc")
    assert passage.starts_from(0) == [Symbol(100, 0), Symbol(102, 2)]
    assert passage.starts_from(1) == passage.starts_from(2) == [Symbol(102, 2)]
    assert passage.starts_from(3) == []
    assert [passage.has_start(first) for first in range(4)] == [True, True, True, False]


def test_symbols_copy_pieces() -> None:
    passage = passage_of("oc", "oc", gap_before=0)
    assert passage.copy((0, 2)) == (Symbol(101, 1), Symbol(102, 2))
    assert passage.piece_of(Symbol(102, 2)) == 1
    assert passage.span(0, 2) == Span("ab", 0, 2)


@settings(max_examples=60)
@given(text=texts(), name=st.sampled_from(sorted(TOKENIZERS)), separator=st.sampled_from(("", " ")))
def test_a_passage_admits_exactly_the_ranges_that_open_and_close(
    text: str, name: str, separator: str
) -> None:
    source = encode(TOKENIZERS[name], text, separator=separator)
    passage = SourceSpans(source)
    ranges = set()
    for first in passage.starts:
        stop = first + 1
        while True:
            assert passage.closes(first, stop) or passage.goes_on(first, stop)
            if passage.closes(first, stop):
                ranges.add((first, stop))
            if not passage.goes_on(first, stop):
                break
            stop += 1
    assert ranges == set(sayable(source))


def test_a_token_that_holds_a_line_break_is_in_no_span() -> None:
    pieces = (Piece(0, 0, 3, True, True), Piece(1, 3, 6, True, True))
    passage = SourceSpans(Source("a\nbcde", (1, 2), (0, 0), pieces))
    assert passage.starts == [1] and not passage.goes_on(0, 1)
    assert not passage.admits(0, 1) and passage.admits(1, 2)


def test_a_span_stands_in_one_line() -> None:
    for space, goes_on in ((" ", True), ("\t", True), ("\n", False), ("\r\n", False)):
        text = f"New{space}York"
        pieces = (Piece(0, 0, 3, True, True), Piece(1, 3 + len(space), len(text), True, True))
        passage = SourceSpans(Source(text, (1, 2), (0, 0), pieces))
        assert passage.goes_on(0, 1) is goes_on
        assert passage.admits(0, 2) is goes_on
        assert passage.starts == [0, 1]
