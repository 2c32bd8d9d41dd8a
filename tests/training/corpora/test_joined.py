from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.corpora.joined import Joined


@given(
    st.lists(st.text(alphabet="aé😀@", min_size=1, max_size=4), min_size=1, max_size=6), st.data()
)
def test_a_span_covers_its_tokens(tokens: list[str], data: st.DataObject) -> None:
    joined = Joined.of(tokens)
    first = data.draw(st.integers(0, len(tokens) - 1))
    stop = data.draw(st.integers(first + 1, len(tokens)))
    start, end = joined.span(first, stop)
    assert joined.text[start:end] == " ".join(tokens[first:stop])


@pytest.mark.parametrize("first, stop", [(1, 1), (2, 1), (0, 3), (-1, 1)])
def test_a_span_of_no_tokens_is_refused(first: int, stop: int) -> None:
    with pytest.raises(ValueError, match="no tokens"):
        Joined.of(["a", "b"]).span(first, stop)
