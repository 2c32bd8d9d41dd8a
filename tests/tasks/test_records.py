from __future__ import annotations

from tasks.records import Asoc, Record, Region, Span


def test_a_span_has_the_text_of_its_offsets() -> None:
    text = "I ❤️ Kyrie Irving"
    assert Span.of(text, 5, 17) == Span("Kyrie Irving", 5, 17)


def test_a_region_is_named_by_its_number() -> None:
    assert [Region(k).name for k in (1, 12, 36)] == ["O1", "O12", "O36"]


def test_unscored_records_compare_by_content() -> None:
    span = Span("Kyrie", 0, 5)
    scored = Record("person", span, (Asoc("region", Region(3), 0.5),), 0.25)
    assert scored != Record("person", span, (Asoc("region", Region(3)),))
    assert scored.unscored() == Record("person", span, (Asoc("region", Region(3)),))
