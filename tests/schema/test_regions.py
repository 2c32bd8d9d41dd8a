from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models import config
from schema.errors import InvalidField
from schema.regions import MAX_REGIONS, RequestRegion, parse_regions
from tasks import records

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.sampled_from(["box", "label", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_boxes_come_with_and_without_labels() -> None:
    regions = parse_regions([[1, 2, 3.5, 4], {"box": [0, 0, 1, 1], "label": "a flag"}])
    assert regions == (
        RequestRegion((1.0, 2.0, 3.5, 4.0), "region"),
        RequestRegion((0.0, 0.0, 1.0, 1.0), "a flag"),
    )
    assert parse_regions([{"box": [0, 0, 1, 1], "label": None}]) == (RequestRegion((0, 0, 1, 1)),)
    assert parse_regions([]) == ()


@given(JSON)
def test_every_value_is_parsed_or_rejected_by_name(value: object) -> None:
    try:
        regions = parse_regions(value)
    except InvalidField as error:
        assert error.field == "regions" and str(error).startswith("regions")
    else:
        assert all(x1 < x2 and y1 < y2 for x1, y1, x2, y2 in (r.box for r in regions))


def test_the_wire_format_has_as_many_regions_as_the_model() -> None:
    assert MAX_REGIONS == records.MAX_REGIONS == config.MAX_REGIONS
