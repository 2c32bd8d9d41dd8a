from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.vision.request_regions import OwnRegion, own_regions, proposal_of
from tasks.errors import FieldError

SIDES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["box", "label", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_boxes_come_with_and_without_labels() -> None:
    regions = own_regions([[1, 2, 3.5, 4], {"box": [0, 0, 1, 1], "label": "a flag"}])
    assert regions == (
        OwnRegion((1.0, 2.0, 3.5, 4.0), "region"),
        OwnRegion((0.0, 0.0, 1.0, 1.0), "a flag"),
    )
    assert own_regions([{"box": [0, 0, 1, 1], "label": None}]) == (OwnRegion((0, 0, 1, 1)),)
    assert own_regions([]) == ()


@given(JSON)
def test_whatever_is_sent_is_read_or_refused_by_name(value: object) -> None:
    try:
        regions = own_regions(value)
    except FieldError as error:
        assert error.field == "regions" and str(error).startswith("regions")
    else:
        assert all(x1 < x2 and y1 < y2 for x1, y1, x2, y2 in (r.box for r in regions))


@given(SIDES, st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=36))
def test_fractions_are_those_of_the_picture(
    sides: tuple[int, int], corners: list[tuple[float, float, float, float]]
) -> None:
    width, height = sides
    own = [
        OwnRegion((x1 * width, y1 * height, x2 * width, y2 * height)) for x1, y1, x2, y2 in corners
    ]
    proposal = proposal_of(own, width, height)
    expected = np.array(corners, dtype=np.float32).reshape(-1, 4)
    np.testing.assert_allclose(proposal.boxes, expected, rtol=1e-6, atol=1e-30)
    assert proposal.boxes.max(initial=0.0) <= 1.0
    assert proposal.boxes.dtype == np.float32
    assert len(proposal.labels) == len(proposal.scores) == len(own)
    assert (proposal.scores == 1.0).all()


@pytest.mark.parametrize("box", [(-0.1, 0, 5, 5), (0, 0, 10.1, 5), (0, 0, 5, 5.1), (0, -1, 5, 5)])
def test_a_box_beyond_the_picture_is_named(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(FieldError, match=r"regions\[1\] .*10 x 5 pixels"):
        proposal_of([OwnRegion((0, 0, 10, 5)), OwnRegion(box)], 10, 5)
