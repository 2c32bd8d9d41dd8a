from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.state import Item, Link, Phase, State, Symbol

LINK = Link(role=0, first=3, stop=4, region=0, logp=-1.0)
ITEM = Item(spot=1, first=2, stop=3, links=(LINK,), logp=-1.0)
FORCED = (Symbol(5), Symbol(6))


def test_a_symbol_has_its_place_among_the_copy_keys() -> None:
    assert Symbol(7).place == -1
    assert Symbol(7, region=1).place == 0
    assert Symbol(7, region=36).place == 35
    assert Symbol(7, position=0).place == 36
    assert Symbol(7, position=4).place == 40


def test_an_answer_is_done_when_no_symbol_is_forced() -> None:
    assert State(Phase.DONE, ()).done
    assert not State(Phase.DONE, FORCED).done
    assert not State(Phase.ITEMS, ()).done


@pytest.mark.parametrize(
    ("phase", "spot", "link", "last"),
    [
        (Phase.SPAN, -1.5, -1.0, -1.0),  # the second token of a label
        (Phase.FILLER, -1.0, -1.5, -1.0),  # of a role
        (Phase.BODY, -1.0, -1.0, -1.5),  # of a region
    ],
)
def test_a_choice_among_forced_symbols_counts_for_its_part(
    phase: Phase, spot: float, link: float, last: float
) -> None:
    state = State(phase, FORCED, item=ITEM, link=LINK).after_forced(-0.5)
    assert state.forced == FORCED[1:]
    assert (state.item.logp, state.link.logp, state.item.links[0].logp) == (spot, link, last)


def test_the_choice_of_a_pair_counts_for_its_only_asoc() -> None:
    state = State(Phase.DONE, FORCED, items=(ITEM,)).after_forced(-0.5)
    assert state.items == (ITEM._replace(links=(LINK._replace(logp=-1.5),)),)


def test_a_symbol_without_choice_changes_no_score() -> None:
    state = State(Phase.SPAN, FORCED, item=ITEM)
    assert state.after_forced(0.0) == replace(state, forced=FORCED[1:])
    assert State(Phase.ITEMS, FORCED).after_forced(-0.5) == State(Phase.ITEMS, FORCED[1:])
