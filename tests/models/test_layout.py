from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.layout import Layout

SLOTS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=6)


@given(slots=SLOTS)
def test_every_token_belongs_to_one_place_of_one_slot(slots: list[tuple[int, int]]) -> None:
    firsts, counts = zip(*slots, strict=True)
    layout = Layout.of(firsts, counts)
    told = [(s, first + i) for s, (first, count) in enumerate(slots) for i in range(count)]
    assert list(zip(layout.slot.tolist(), layout.place.tolist(), strict=True)) == told
    assert layout.steps == 1 + max(place for _, place in told)
    assert layout.width == max(counts)


@given(slots=SLOTS)
def test_what_is_spread_is_gathered_again(slots: list[tuple[int, int]]) -> None:
    firsts, counts = zip(*slots, strict=True)
    layout = Layout.of(firsts, counts)
    x = torch.arange(sum(counts) * 2).view(-1, 2)
    spread = layout.spread(x)
    assert spread.shape == (len(slots), max(counts), 2)
    assert torch.equal(layout.gather(spread), x)
    for slot, count in enumerate(counts):
        row = spread[slot]
        assert torch.equal(row[:count], x[layout.slot == slot])
        assert torch.equal(row[count:], row[count - 1 : count].expand(max(counts) - count, 2))
    assert torch.equal(
        x[layout.last], torch.stack([x[layout.slot == s][-1] for s in range(len(slots))])
    )
