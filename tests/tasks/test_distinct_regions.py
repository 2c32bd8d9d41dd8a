from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import form
from tasks.distinct_regions import DistinctRegionsAutomaton
from tasks.records import Record, Region
from tasks.span_first import SpanFirstAutomaton
from tasks.state import State, Symbol
from tests.support.answers import TOKENIZERS, check, encode, longest_answer, texts, walk

SEEDS = st.integers(0, 2**32)
WORDPIECE = TOKENIZERS["wordpiece"]
REGIONS = (1, 2, 12)


def automaton_of(
    text: str, grammar: type[SpanFirstAutomaton] = DistinctRegionsAutomaton
) -> SpanFirstAutomaton:
    source = encode(WORDPIECE, text, ("person", "place"), (form.REGION_ROLE,))
    return grammar(source, form.GROUNDED, WORDPIECE.markers, regions=REGIONS)


def region_of(record: Record) -> int | None:
    fillers = [asoc.filler for asoc in record.asocs]
    return next((filler.index for filler in fillers if isinstance(filler, Region)), None)


def name_of(record: Record) -> str:
    assert record.span is not None
    return record.span.text.casefold()


@settings(max_examples=150)
@given(text=texts(14), seed=SEEDS, long=st.booleans())
def test_two_names_never_share_a_region(text: str, seed: int, long: bool) -> None:
    automaton = automaton_of(text)
    _, state = walk(automaton, seed, longest_answer(automaton) + 3, long=long)
    assert state.done
    records = automaton.records(state)
    check(automaton, records)
    grounded = [record for record in records if region_of(record) is not None]
    for one, other in combinations(grounded, 2):
        if region_of(one) == region_of(other):
            assert name_of(one) in name_of(other) or name_of(other) in name_of(one)


@settings(max_examples=75)
@given(text=texts(), seed=SEEDS, long=st.booleans())
def test_an_answer_without_regions_is_as_before(text: str, seed: int, long: bool) -> None:
    source = encode(WORDPIECE, text, ("person", "place"), (form.REGION_ROLE,))
    answers = [
        walk(automaton, seed, longest_answer(automaton) + 3, long=long)[0]
        for automaton in (
            grammar(source, form.GROUNDED, WORDPIECE.markers)
            for grammar in (SpanFirstAutomaton, DistinctRegionsAutomaton)
        )
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("text", "first", "second", "shared"),
    [
        ("Ann met Bob", "Ann", "Bob", False),
        ("Ann Lee met Bob Lee", "Ann Lee", "Bob Lee", False),
        ("Ann saw Ann", "Ann", "Ann", True),
        ("Ann saw ANN", "Ann", "ANN", True),
        ("Ann Lee met Ann", "Ann Lee", "Ann", True),
        ("Ann met ann lee", "Ann", "ann lee", True),
    ],
)
def test_a_taken_region_is_open_to_another_form_of_its_name_only(
    text: str, first: str, second: str, shared: bool
) -> None:
    automaton = automaton_of(text)
    state = _named(automaton, automaton.start(), first, text.index(first))
    assert _regions(automaton, state) == list(REGIONS)
    state = _grounded(automaton, state, 2)
    state = _named(automaton, state, second, text.rindex(second))
    assert _regions(automaton, state) == (list(REGIONS) if shared else [1, 12])


def test_a_region_stays_closed_when_every_other_is_taken() -> None:
    text = "Ann met Bob and Tom and Sam"
    automaton = automaton_of(text)
    state = automaton.start()
    for name, region in (("Ann", 1), ("Bob", 2), ("Tom", 12)):
        state = _named(automaton, state, name, text.index(name))
        state = _grounded(automaton, state, region)
    state = _named(automaton, state, "Sam", text.index("Sam"))
    assert automaton.admitted(state) == [Symbol(automaton.markers.close)]


def _named(automaton: SpanFirstAutomaton, state: State, name: str, start: int) -> State:
    """Choose a span and the first label."""
    pieces = automaton.source.locate(start, start + len(name))
    assert pieces is not None
    colon = Symbol(automaton.markers.colon)
    return _take(automaton, state, *automaton.copy(pieces), colon, automaton.spots[0][0])


def _grounded(automaton: SpanFirstAutomaton, state: State, region: int) -> State:
    """Choose a region for the item and end it."""
    (role,) = automaton.roles
    closing = Symbol(automaton.markers.close)
    return _take(automaton, state, automaton.regions[region][0], role[0], closing)


def _take(automaton: SpanFirstAutomaton, state: State, *symbols: Symbol) -> State:
    for symbol in symbols:
        state = _past_forced(automaton, state)
        assert symbol in automaton.admitted(state)
        state = automaton.advance(state, symbol)
    return _past_forced(automaton, state)


def _past_forced(automaton: SpanFirstAutomaton, state: State) -> State:
    while state.forced:
        state = automaton.advance(state, state.forced[0])
    return state


def _regions(automaton: SpanFirstAutomaton, state: State) -> list[int]:
    return [symbol.region for symbol in automaton.admitted(state) if symbol.region]
