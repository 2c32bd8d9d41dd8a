from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import InvalidField
from schema.mentions import (
    MAX_MENTION_CHARS,
    MAX_MENTIONS,
    RequestMention,
    parse_mentions,
)


def test_mentions_have_a_type_or_none() -> None:
    given = [{"start": 4, "end": 7}, {"end": 3, "start": 0, "type": " person "}]
    assert parse_mentions([*given, {"start": 8, "end": 9, "type": None}]) == (
        RequestMention(4, 7),
        RequestMention(0, 3, "person"),
        RequestMention(8, 9),
    )
    assert parse_mentions([]) == ()


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ([0, 3], "mentions[1] must be"),
        ({"start": 0}, "mentions[1] must be"),
        ({"start": 0, "end": 3, "label": "person"}, "mentions[1] must be"),
        ({"start": -1, "end": 3}, "mentions[1].start must be an integer"),
        ({"start": 0, "end": 3.0}, "mentions[1].end must be an integer"),
        ({"start": False, "end": 3}, "mentions[1].start must be an integer"),
        ({"start": 3, "end": 3}, "mentions[1] is empty"),
        ({"start": 0, "end": MAX_MENTION_CHARS + 1}, "mentions[1] must have at most"),
        ({"start": 0, "end": 3, "type": " "}, "mentions[1].type must be the name"),
        ({"start": 0, "end": 3, "type": 7}, "mentions[1].type must be the name"),
    ],
)
def test_faults_name_the_item(item: Any, said: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_mentions([{"start": 0, "end": 1}, item])
    assert str(caught.value).startswith(said) and caught.value.field == "mentions"


def test_there_is_a_most() -> None:
    mention = {"start": 0, "end": 1}
    assert len(parse_mentions([mention] * MAX_MENTIONS)) == MAX_MENTIONS
    with pytest.raises(InvalidField, match="at most 256"):
        parse_mentions([mention] * (MAX_MENTIONS + 1))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("start", "end", "type", "x")), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(_JSON)
def test_any_json_is_mentions_or_a_fault(value: Any) -> None:
    try:
        mentions = parse_mentions(value)
    except InvalidField as error:
        assert error.field == "mentions"
    else:
        assert all(0 <= mention.start < mention.end for mention in mentions)
