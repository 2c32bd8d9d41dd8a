from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from umie_client.layout import Layout, Rectangle

SIDE = st.integers(0, 120)
SIZE = st.integers(1, 80)
BOXES = st.lists(st.tuples(SIDE, SIDE, SIDE, SIDE, SIZE, SIZE), max_size=6)


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@settings(max_examples=40)
@given(BOXES)
def test_no_label_leaves_the_picture(boxes: list[tuple[int, ...]]) -> None:
    layout = Layout(100, 80)
    for left, top, right, bottom, width, height in boxes:
        x1, y1, x2, y2 = layout.place((left, top, right, bottom), width, height)
        assert x1 >= 0 and x2 <= 100 and y1 >= 0 and y2 <= 80
        assert (x2 - x1, y2 - y1) == (width, height)


def test_a_label_stands_above_its_box() -> None:
    assert Layout(100, 100).place((10, 40, 60, 90), 30, 12) == (10, 28, 40, 40)


def test_without_room_above_it_stands_in_its_box() -> None:
    assert Layout(100, 100).place((10, 5, 60, 90), 30, 12) == (10, 5, 40, 17)


def test_at_the_right_border_it_grows_to_the_left() -> None:
    assert Layout(100, 100).place((80, 40, 100, 90), 30, 12) == (70, 28, 100, 40)


def test_labels_of_one_box_do_not_hide_each_other() -> None:
    layout = Layout(100, 100)
    places = [layout.place((10, 40, 60, 90), 50, 12) for _ in range(8)]
    pairs = [(a, b) for i, a in enumerate(places) for b in places[:i]]
    assert not any(overlap(one, other) for one, other in pairs)


def test_a_full_picture_still_gets_its_label() -> None:
    layout = Layout(30, 12)
    assert {layout.place((0, 0, 30, 12), 30, 12) for _ in range(3)} == {(0, 0, 30, 12)}
