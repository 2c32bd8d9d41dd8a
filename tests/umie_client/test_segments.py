from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umie_client.samples import TEXT, entity, extraction, full
from umie_client.segments import Marked, marked_in, segments

SPANS = st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), max_size=6)


@settings(max_examples=50)
@given(st.text(min_size=20, max_size=20), SPANS)
def test_nothing_of_the_text_is_lost(text: str, spans: list[tuple[int, int]]) -> None:
    marked = [Marked(start, end, "t", "n") for start, end in spans if start < end]
    pieces = list(segments(text, marked))
    assert "".join(piece.text for piece in pieces) == text
    for span in marked:
        covered = "".join(piece.text for piece in pieces if span in piece.covers)
        assert covered == text[span.start : span.end]
    assert sum(len(piece.ending) for piece in pieces) == len(marked)


def test_entities_and_triggers_are_marked() -> None:
    spans = {TEXT[m.start : m.end]: m.type for m in marked_in(full(), TEXT)}
    assert spans == {
        "Eileen Collins": "person",
        "NASA": "organization",
        "command": "movement:transport",
    }


def test_what_stands_nowhere_is_not_marked() -> None:
    found = extraction(entities=[entity(0, "Ann", None, "person"), entity(1, "Bob", 2, "person")])
    assert marked_in(found, "Ann") == []


def test_the_innermost_of_nested_spans_comes_last() -> None:
    outer, inner = Marked(0, 10, "outer", ""), Marked(4, 6, "inner", "")
    middle = [piece for piece in segments("x" * 10, [inner, outer]) if inner in piece.covers]
    assert [piece.covers for piece in middle] == [(outer, inner)]


def test_an_empty_text_has_no_pieces() -> None:
    assert list(segments("", [])) == []
