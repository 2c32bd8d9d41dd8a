from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton
from tasks.decoding_state import (
    MAX_FREE_TOKENS,
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


def decode_randomly(state: DecodingState, seed: int, limit: int) -> list[int]:
    """Append random options until the answer is done. Return the tokens."""
    generator, tokens = random.Random(seed), []
    while not state.done:
        options = state.options()
        assert options is not None and 0 < len(options) == len(set(options))
        choice = generator.randrange(len(options))
        tokens.append(state.append(choice, -0.1))
        assert tokens[-1] == options[choice][0]
        assert len(tokens) <= limit
    return tokens


@pytest.mark.parametrize("kind", KINDS)
@given(automaton=automata(), seed=st.integers(0, 2**32))
def test_the_records_are_those_of_the_tokens(kind: str, automaton: Automaton, seed: int) -> None:
    state = KINDS[kind](automaton)
    tokens = decode_randomly(state, seed, longest_answer(automaton))
    assert len(state.records()) == len(replay(automaton, tokens))
    if kind == "tokens":
        assert [r.unscored() for r in state.records()] == [
            r.unscored() for r in replay(automaton, tokens)
        ]


def test_only_copied_symbols_of_the_copying_kind_have_places() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the the")
    copying, tokens = CopyDecodingState(automaton), TokenDecodingState(automaton)
    copying.append(0, 0.0)
    tokens.append(0, 0.0)
    options = copying.options()
    assert options == [(automaton.markers.open, -1), (automaton.markers.close, -1)]
    assert tokens.options() == options
    for state in (copying, tokens):
        state.append(0, 0.0)
    assert all(place >= 36 for _, place in copying.options())
    assert all(place == -1 for _, place in tokens.options())
    assert len({token for token, _ in tokens.options()}) == len(tokens.options())


def test_probabilities_become_scores() -> None:
    automaton = automaton_of(BYTES, form.ARGUMENTS, "the", ("person",), ("none",))
    for state in (CopyDecodingState(automaton), TokenDecodingState(automaton)):
        while not state.done:
            state.append(0, -0.25 if len(state.options()) > 1 else 0.0)
        (record,) = state.records()
        assert all(asoc.score < exp(-0.2) for asoc in record.asocs) and record.asocs


def test_a_free_answer_ends_with_the_end_token_and_is_parsed_leniently() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the team")
    signs = BYTES.markers
    state = FreeDecodingState(LenientParser(automaton.source, automaton.form, BYTES), signs.eos)
    person, team = BYTES.encode("person")[0], BYTES.encode("team")[0]
    item = [signs.open, *person, signs.colon, *team, signs.close]
    for token in [signs.open, *item, signs.open]:
        assert state.options() is None and not state.done
        assert state.append(token, -0.5) == token
    (record,) = state.records()
    assert (record.label, record.span and record.span.start) == ("person", 4)
    assert record.score == pytest.approx(exp(-0.5 * len(item)))
    state.append(signs.eos, -0.5)
    assert state.done and len(state.records()) == 1


def test_a_free_answer_has_a_greatest_length() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the")
    state = FreeDecodingState(LenientParser(automaton.source, automaton.form, BYTES), 1)
    for count in range(1, MAX_FREE_TOKENS + 1):
        state.append(7, -0.5)
        assert state.done == (count == MAX_FREE_TOKENS)
    assert state.records() == ()
