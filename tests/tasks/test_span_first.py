from __future__ import annotations

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import form
from tasks.context import PLAIN, Kind
from tasks.form import Opening
from tasks.records import MAX_REGIONS, Asoc, Record, Region, Span
from tasks.span_first import SpanFirstAutomaton
from tasks.state import State
from tasks.target import target_of, trace
from tests.support.answers import (
    ALL_FORMS,
    TOKENIZERS,
    check,
    encode,
    longest_answer,
    span_first_automata,
    walk,
)

SEEDS = st.integers(0, 2**32)
WORDPIECE = TOKENIZERS["wordpiece"]
TEXT = "Ann met Bob"


def automaton_of(
    shape: form.Form, text: str = TEXT, head: str | None = None, tail: str | None = None
) -> SpanFirstAutomaton:
    source = encode(WORDPIECE, text, ("person", "place"), ("region", "of"))
    ends = [
        None if word is None else source.locate(text.index(word), text.index(word) + len(word))
        for word in (head, tail)
    ]
    return SpanFirstAutomaton(
        source, shape, WORDPIECE.markers, regions=(1, 2), head=ends[0], tail=ends[1]
    )


@settings(max_examples=150)
@given(automaton=span_first_automata(), seed=SEEDS, long=st.booleans())
def test_every_admitted_answer_ends_and_contains_options_only(
    automaton: SpanFirstAutomaton, seed: int, long: bool
) -> None:
    limit = longest_answer(automaton) + 3
    walked, state = walk(automaton, seed, limit, long=long)
    assert state.done
    assert walked[0].token == automaton.markers.open
    assert walked[-1].token == automaton.markers.eos
    records = automaton.records(state)
    check(automaton, records)
    for record in records:
        fillers = [asoc.filler for asoc in record.asocs]
        assert automaton.tail is not None or len(set(fillers)) == len(fillers)
    if automaton.form.single:
        assert len(records) == 1


@settings(max_examples=150)
@given(automaton=span_first_automata(), seed=SEEDS, long=st.booleans())
def test_the_target_of_an_answer_is_the_answer(
    automaton: SpanFirstAutomaton, seed: int, long: bool
) -> None:
    walked, state = walk(automaton, seed, longest_answer(automaton) + 3, long=long)
    records = automaton.records(state)
    symbols = target_of(automaton, records)
    assert [symbol.token for symbol in symbols] == [symbol.token for symbol in walked]
    steps = trace(automaton, symbols)
    state = automaton.start()
    for step in steps:
        state = automaton.advance(state, step.admitted[step.chosen])
    assert [r.unscored() for r in automaton.records(state)] == [r.unscored() for r in records]


@settings(max_examples=150)
@given(automaton=span_first_automata(), seed=SEEDS, long=st.booleans())
def test_contexts_have_places_of_the_prompt_and_scans_come_first(
    automaton: SpanFirstAutomaton, seed: int, long: bool
) -> None:
    walked, _ = walk(automaton, seed, longest_answer(automaton) + 3, long=long)
    positions = {MAX_REGIONS + piece.position for piece in automaton.source.pieces}
    for step in trace(automaton, walked):
        context = step.context
        if len(step.admitted) == 1:
            continue
        assert context.kind is not Kind.PLAIN
        known = {context.first, context.last}
        other = {context.other_first, context.other_last}
        regions = {k - 1 for k in automaton.regions}
        assert known == {-1} or known <= positions
        assert other == {-1} or other <= positions or (other <= regions and len(other) == 1)
        assert context.first <= context.last and context.other_first <= context.other_last
        scanned = [symbol.position for symbol in step.admitted[: context.scanned]]
        assert scanned == sorted(scanned) and all(position >= 0 for position in scanned)
        assert context.scanned < len(step.admitted)
        behind = step.admitted[context.scanned :]
        if context.scanned:
            assert all(symbol.position < 0 for symbol in behind)


def test_a_scan_has_every_remaining_start() -> None:
    automaton = automaton_of(form.ENTITIES)
    state = automaton.start()
    state = automaton.advance(state, automaton.admitted(state)[0])
    starts = [piece for piece in automaton.source.pieces if piece.opens]
    assert automaton.context(state).scanned == len(starts)
    record = Record("person", Span("Ann", 0, 3))
    steps = trace(automaton, target_of(automaton, [record]))
    ann = automaton.source.locate(0, 3)
    assert ann is not None
    left = [piece for piece in starts if piece.position >= automaton.source.pieces[ann[1]].position]
    items = [step.context for step in steps if step.context.kind is Kind.ITEM]
    assert [context.scanned for context in items] == [len(starts), len(left)]


def test_the_context_of_a_label_is_its_span() -> None:
    automaton = automaton_of(form.ENTITIES)
    records = [Record("person", Span("Ann", 0, 3)), Record("place", Span("Bob", 8, 11))]
    steps = trace(automaton, target_of(automaton, records))
    contexts = [step.context for step in steps if step.context.kind is Kind.LABEL]
    for context, (start, end) in zip(contexts, ((0, 3), (8, 11)), strict=True):
        pieces = automaton.source.locate(start, end)
        assert pieces is not None
        first, last = (automaton.source.pieces[i].position for i in (pieces[0], pieces[1] - 1))
        assert context[1:3] == (MAX_REGIONS + first, MAX_REGIONS + last)


def test_the_context_of_a_role_is_item_and_filler() -> None:
    automaton = automaton_of(form.GROUNDED)
    record = Record("person", Span("Ann", 0, 3), (Asoc("region", Region(2)),))
    steps = trace(automaton, target_of(automaton, [record]))
    (role,) = [step.context for step in steps if step.context.kind is Kind.ROLE]
    assert role.first >= MAX_REGIONS and (role.other_first, role.other_last) == (1, 1)


def test_the_context_of_a_pair_is_both_mentions() -> None:
    automaton = automaton_of(form.PAIR, head="Bob", tail="Ann")
    record = Record(None, Span("Bob", 8, 11), (Asoc("of", Span("Ann", 0, 3)),))
    steps = trace(automaton, target_of(automaton, [record]))
    (role,) = [step.context for step in steps if len(step.admitted) > 1]
    assert role.kind is Kind.ROLE
    assert role.first > role.other_first >= MAX_REGIONS


@pytest.mark.parametrize("head", [None, "met"])
def test_the_context_of_arguments_is_the_known_trigger(head: str | None) -> None:
    automaton = automaton_of(form.ARGUMENTS, head=head)
    state = automaton.start()
    while state.forced:
        state = automaton.advance(state, state.forced[0])
    context = automaton.context(state)
    assert context.kind is Kind.FILLER
    assert (context.first >= MAX_REGIONS) == (head is not None)
    (record,) = automaton.records(automaton.advance(state, automaton.admitted(state)[-1]))
    assert record == Record("person", None)


def test_a_given_mention_has_a_type_with_its_score() -> None:
    automaton = automaton_of(form.CHOICE, head="Bob")
    state = automaton.start()
    while state.forced:
        state = automaton.advance(state, state.forced[0])
    assert automaton.context(state).kind is Kind.LABEL
    state = automaton.advance(state, automaton.admitted(state)[1], -0.5)
    state = _end(automaton, state)
    assert automaton.records(state) == (Record("place", Span("Bob", 8, 11), (), exp(-0.5)),)


def _end(automaton: SpanFirstAutomaton, state: State) -> State:
    while not state.done:
        (symbol,) = automaton.admitted(state)
        state = automaton.advance(state, symbol)
    return state


def test_a_forced_symbol_has_no_context() -> None:
    automaton = automaton_of(form.ENTITIES)
    assert automaton.context(automaton.start()) == PLAIN


@pytest.mark.parametrize("shape", [f for f in ALL_FORMS if f.opening is Opening.GIVEN])
def test_a_given_form_needs_its_mention(shape: form.Form) -> None:
    with pytest.raises(ValueError, match="a given mention needs"):
        automaton_of(shape)


def test_a_text_without_characters_has_the_empty_answer_only() -> None:
    automaton = automaton_of(form.ENTITIES, " \n")
    walked, state = walk(automaton, 0, 9, long=True)
    markers = automaton.markers
    assert [symbol.token for symbol in walked] == [markers.open, markers.close, markers.eos]
    assert automaton.records(state) == ()
