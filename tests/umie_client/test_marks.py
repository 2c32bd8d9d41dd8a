from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umie_client.samples import argument, entity, extraction, full, region
from umie_client.marks import marks_of

SIDE = st.floats(width=64)


def test_a_region_has_a_line_for_everything_that_it_shows() -> None:
    bare, shown = marks_of(
        extraction(
            image={"width": 200, "height": 100},
            regions=[region("O1", (10, 30, 90, 95)), region("O2", (0, 0, 200, 100))],
            entities=[entity(0, "Ann", 0, "person", ["O1"]), entity(1, "NASA", 4, "org", ["O1"])],
            events=[
                {
                    "type": "attack",
                    "trigger": {"text": "hit", "start": 9, "end": 12},
                    "score": 0.5,
                    "arguments": [argument("target", None, None, region="O1")],
                }
            ],
        )
    )
    assert (bare.name, bare.captions, bare.box) == ("O2 people", (), (0, 0, 1, 1))
    assert shown.box == (0.05, 0.3, 0.45, 0.95)
    assert [(caption.text, caption.type) for caption in shown.captions] == [
        ("Ann · person", "person"),
        ("NASA · org", "org"),
        ("target · attack", "attack"),
    ]


def test_long_names_leave_room_for_their_type() -> None:
    found = extraction(
        image={"width": 10, "height": 10},
        regions=[region("O1", (0, 0, 5, 5))],
        entities=[entity(0, "x" * 300, 0, "person", ["O1"])],
    )
    text = marks_of(found)[0].captions[0].text
    assert len(text) < 50 and text.endswith("x… · person")


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ((-50, -50, 50, 50), (0, 0, 0.5, 0.5)),
        ((50, 50, 500, math.inf), (0.5, 0.5, 1, 1)),
        ((80, 90, 20, 10), (0.2, 0.1, 0.8, 0.9)),
        ((20, 20, 20, 20), (0.2, 0.2, 0.2, 0.2)),
        ((200, 10, 300, 50), None),
        ((-9, -9, -1, -1), None),
        ((math.nan, 0, 50, 50), None),
    ],
)
def test_boxes_are_cut_at_the_border(
    box: tuple[float, ...], shown: tuple[float, ...] | None
) -> None:
    found = extraction(image={"width": 100, "height": 100}, regions=[region("O1", box)])
    assert [mark.box for mark in marks_of(found)] == ([] if shown is None else [shown])


@settings(max_examples=40)
@given(st.tuples(SIDE, SIDE, SIDE, SIDE), st.integers(-1, 5000), st.integers(-1, 5000))
def test_marks_lie_in_the_picture(box: tuple[float, ...], width: int, height: int) -> None:
    found = extraction(image={"width": width, "height": height}, regions=[region("O1", box)])
    for mark in marks_of(found):
        x1, y1, x2, y2 = mark.box
        assert 0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1


def test_without_a_picture_nothing_is_marked() -> None:
    assert marks_of(full().model_copy(update={"image": None})) == []
