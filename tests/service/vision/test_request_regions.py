from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.regions import RequestRegion
from service.vision.request_regions import proposal_of
from tasks.errors import FieldError

SIDES = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


@given(SIDES, st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=36))
def test_fractions_are_those_of_the_picture(
    sides: tuple[int, int], corners: list[tuple[float, float, float, float]]
) -> None:
    width, height = sides
    regions = [
        RequestRegion((x1 * width, y1 * height, x2 * width, y2 * height))
        for x1, y1, x2, y2 in corners
    ]
    proposal = proposal_of(regions, width, height)
    expected = np.array(corners, dtype=np.float32).reshape(-1, 4)
    np.testing.assert_allclose(proposal.boxes, expected, rtol=1e-6, atol=1e-30)
    assert proposal.boxes.max(initial=0.0) <= 1.0
    assert proposal.boxes.dtype == np.float32
    assert len(proposal.labels) == len(proposal.scores) == len(regions)
    assert (proposal.scores == 1.0).all()


@pytest.mark.parametrize("box", [(-0.1, 0, 5, 5), (0, 0, 10.1, 5), (0, 0, 5, 5.1), (0, -1, 5, 5)])
def test_a_box_beyond_the_image_is_named(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(FieldError, match=r"regions\[1\] .*10 x 5 pixels"):
        proposal_of([RequestRegion((0, 0, 10, 5)), RequestRegion(box)], 10, 5)
