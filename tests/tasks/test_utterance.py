from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton
from tasks.frontier import replay
from tasks.salvage import Salvage
from tasks.utterance import MOST_FREE, CopyUtterance, FreeUtterance, TokenUtterance, Utterance
from tests.support.answers import TOKENIZERS, automata, automaton_of, longest_answer

BYTES = TOKENIZERS["bytes"]
KINDS: dict[str, type[CopyUtterance] | type[TokenUtterance]] = {
    "copying": CopyUtterance,
    "tokens": TokenUtterance,
}


def talk(utterance: Utterance, seed: int, limit: int) -> list[int]:
    """Random options until the answer is done."""
    generator, said = random.Random(seed), []
    while not utterance.done:
        options = utterance.options()
        assert options is not None and 0 < len(options) == len(set(options))
        choice = generator.randrange(len(options))
        said.append(utterance.say(choice, -0.1))
        assert said[-1] == options[choice][0]
        assert len(said) <= limit
    return said


@pytest.mark.parametrize("kind", KINDS)
@given(automaton=automata(), seed=st.integers(0, 2**32))
def test_what_is_said_are_the_records(kind: str, automaton: Automaton, seed: int) -> None:
    utterance = KINDS[kind](automaton)
    said = talk(utterance, seed, longest_answer(automaton))
    assert len(utterance.records()) == len(replay(automaton, said))
    if kind == "tokens":
        assert [r.unscored() for r in utterance.records()] == [
            r.unscored() for r in replay(automaton, said)
        ]


def test_only_copies_have_places_and_only_the_copying_kind_tells_them() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the the")
    copying, tokens = CopyUtterance(automaton), TokenUtterance(automaton)
    copying.say(0, 0.0)
    tokens.say(0, 0.0)
    options = copying.options()
    assert options == [(automaton.markers.open, -1), (automaton.markers.close, -1)]
    assert tokens.options() == options
    for utterance in (copying, tokens):
        utterance.say(0, 0.0)
    assert all(place >= 36 for _, place in copying.options())
    assert all(place == -1 for _, place in tokens.options())
    assert len({token for token, _ in tokens.options()}) == len(tokens.options())


def test_probabilities_become_scores() -> None:
    automaton = automaton_of(BYTES, form.ARGUMENTS, "the", ("person",), ("none",))
    for utterance in (CopyUtterance(automaton), TokenUtterance(automaton)):
        while not utterance.done:
            utterance.say(0, -0.25 if len(utterance.options()) > 1 else 0.0)
        (record,) = utterance.records()
        assert all(asoc.score < exp(-0.2) for asoc in record.asocs) and record.asocs


def test_a_free_answer_ends_with_the_end_token_and_is_read_as_far_as_it_makes_sense() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the team")
    signs = BYTES.markers
    utterance = FreeUtterance(Salvage(automaton.source, automaton.form, BYTES), signs.eos)
    person, team = BYTES.encode("person")[0], BYTES.encode("team")[0]
    item = [signs.open, *person, signs.colon, *team, signs.close]
    for token in [signs.open, *item, signs.open]:
        assert utterance.options() is None and not utterance.done
        assert utterance.say(token, -0.5) == token
    (record,) = utterance.records()
    assert (record.label, record.span and record.span.start) == ("person", 4)
    assert record.score == pytest.approx(exp(-0.5 * len(item)))
    utterance.say(signs.eos, -0.5)
    assert utterance.done and len(utterance.records()) == 1


def test_a_free_answer_ends_though_nobody_ends_it() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "the")
    utterance = FreeUtterance(Salvage(automaton.source, automaton.form, BYTES), 1)
    for count in range(1, MOST_FREE + 1):
        utterance.say(7, -0.5)
        assert utterance.done == (count == MOST_FREE)
    assert utterance.records() == ()
