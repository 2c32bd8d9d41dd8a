from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton
from tasks.decoding_state import (
    MOST_FREE,
    CopyDecodingState,
    DecodingState,
    FreeDecodingState,
    TokenDecodingState,
)
from tasks.frontier import replay
from tasks.lenient_parser import LenientParser
from tests.support.answers import TOKENIZERS, automata, automaton_of, longest_answer

BYTES = TOKENIZERS["bytes"]
KINDS: dict[str, type[CopyDecodingState] | type[TokenDecodingState]] = {
    "copying": CopyDecodingState,
    "tokens": TokenDecodingState,
}


def talk(state: DecodingState, seed: int, limit: int) -> list[int]:
    """Random options until the answer is done."""
    generator, said = random.Random(seed), []
    while not state.done:
        options = state.options()
        assert options is not None and 0 < len(options) == len(set(options))
        choice = generator.randrange(len(options))
        said.append(state.say(choice, -0.1))
        assert said[-1] == options[choice][0]
        assert len(said) <= limit
    return said


@pytest.mark.parametrize("kind", KINDS)
@given(automaton=automata(), seed=st.integers(0, 2**32))
def test_what_is_said_are_the_records(kind: str, automaton: Automaton, seed: int) -> None:
    state = KINDS[kind](automaton)
    said = talk(state, seed, longest_answer(automaton))
    assert len(state.records()) == len(replay(automaton, said))
    if kind == "tokens":
        assert [r.unscored() for r in state.records()] == [
            r.unscored() for r in replay(automaton, said)
        ]


def test_only_copies_have_places_and_only_the_copying_kind_tells_them() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the the")
    copying, tokens = CopyDecodingState(automaton), TokenDecodingState(automaton)
    copying.say(0, 0.0)
    tokens.say(0, 0.0)
    options = copying.options()
    assert options == [(automaton.markers.open, -1), (automaton.markers.close, -1)]
    assert tokens.options() == options
    for state in (copying, tokens):
        state.say(0, 0.0)
    assert all(place >= 36 for _, place in copying.options())
    assert all(place == -1 for _, place in tokens.options())
    assert len({token for token, _ in tokens.options()}) == len(tokens.options())


def test_probabilities_become_scores() -> None:
    automaton = automaton_of(BYTES, form.ARGUMENTS, "the", ("person",), ("none",))
    for state in (CopyDecodingState(automaton), TokenDecodingState(automaton)):
        while not state.done:
            state.say(0, -0.25 if len(state.options()) > 1 else 0.0)
        (record,) = state.records()
        assert all(asoc.score < exp(-0.2) for asoc in record.asocs) and record.asocs


def test_a_free_answer_ends_with_the_end_token_and_is_read_as_far_as_it_makes_sense() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the team")
    signs = BYTES.markers
    state = FreeDecodingState(LenientParser(automaton.source, automaton.form, BYTES), signs.eos)
    person, team = BYTES.encode("person")[0], BYTES.encode("team")[0]
    item = [signs.open, *person, signs.colon, *team, signs.close]
    for token in [signs.open, *item, signs.open]:
        assert state.options() is None and not state.done
        assert state.say(token, -0.5) == token
    (record,) = state.records()
    assert (record.label, record.span and record.span.start) == ("person", 4)
    assert record.score == pytest.approx(exp(-0.5 * len(item)))
    state.say(signs.eos, -0.5)
    assert state.done and len(state.records()) == 1


def test_a_free_answer_ends_though_nobody_ends_it() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the")
    state = FreeDecodingState(LenientParser(automaton.source, automaton.form, BYTES), 1)
    for count in range(1, MOST_FREE + 1):
        state.say(7, -0.5)
        assert state.done == (count == MOST_FREE)
    assert state.records() == ()
