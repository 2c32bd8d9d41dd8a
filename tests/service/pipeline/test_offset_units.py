from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schema.extraction import (
    ArgumentFound,
    EntityFound,
    EventFound,
    Extraction,
    Gate,
    Timing,
    TriggerFound,
)
from service.pipeline.offset_units import Utf16Offsets, in_utf16

FRAGMENTS = (
    *("Ann", " ", "\n", "é", "e\u0301", "\u0301", "कि", "日本", "𝄞", "👋🏽", "👨‍👩‍👧", "🇩🇪"),
    *("\U00010000", "\U0010ffff", "\uffff", "\ufeff", "\x00"),
)
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.text(max_size=20)


def utf16_slice(text: str, start: int, end: int) -> str:
    """What JavaScript's `text.slice(start, end)` is."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, int, int]:
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, len(text)))


def answer(text: str, start: int | None, end: int | None) -> Extraction:
    """One entity, one trigger and one argument, all of them this span."""
    told = "" if start is None else text[start:end]
    argument = ArgumentFound(role="r", text=told, start=start, end=end, region=None, score=1.0)
    trigger = TriggerFound(text=told, start=start, end=end)
    event = EventFound(type="e", trigger=trigger, score=1.0, arguments=[argument])
    return Extraction(
        image=None,
        regions=[],
        entities=[
            EntityFound(id=0, text=told, start=start, end=end, type="t", score=1.0, regions=[])
        ],
        relations=[],
        events=[event],
        gate=Gate(entities=None, relations=None, events=None),
        model="m",
        timing_ms=Timing(total=0, image=0, queue=0, visual=0, fusion=0, decode=0),
    )


@given(spans())
def test_every_offset_of_the_answer_slices_as_in_javascript(drawn: tuple[str, int, int]) -> None:
    text, start, end = drawn
    found = in_utf16(answer(text, start, end), {None: text})
    (event,) = found.events
    for item in (*found.entities, event.trigger, *event.arguments):
        assert item.start is not None and item.end is not None
        assert utf16_slice(text, item.start, item.end) == item.text


@given(TEXTS)
def test_the_end_of_a_text_is_its_length_in_code_units(text: str) -> None:
    assert Utf16Offsets(text).of(len(text)) == len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_spans_without_offsets_stay_without() -> None:
    found = in_utf16(answer("👋", None, None), {None: "👋"})
    assert found == answer("👋", None, None)


def test_a_long_text_of_long_characters_is_quick() -> None:
    offsets = Utf16Offsets("𝄞a" * 100_000)
    assert [offsets.of(at) for at in (0, 1, 2, 3, 200_000)] == [0, 2, 3, 5, 300_000]
