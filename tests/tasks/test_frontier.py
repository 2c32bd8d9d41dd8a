from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton
from tasks.frontier import Frontier, replay
from tasks.label_first import LabelFirstAutomaton
from tasks.records import Asoc, Record, Region, Span
from tasks.target import target_of
from tests.support.answers import (
    FRAGMENTS,
    TOKENIZERS,
    automata,
    automaton_of,
    balanced,
    check,
    longest_answer,
    spelled,
    walk,
)

BYTES, WORDPIECE, METASPACE = (TOKENIZERS[name] for name in ("bytes", "wordpiece", "metaspace"))
REPEATING = st.lists(st.sampled_from(("the", "a", "the", " ", "日", *FRAGMENTS[:4])), max_size=12)


def walk_tokens(automaton: Automaton, seed: int, limit: int, *, long: bool) -> list[int]:
    generator = random.Random(seed)
    frontier, tokens = Frontier.start(automaton), []
    while not frontier.done and len(tokens) < limit:
        admitted = frontier.admitted()
        assert admitted
        assert len(set(admitted)) == len(admitted)
        going_on = [token for token in admitted if token != automaton.markers.close]
        tokens.append(generator.choice(going_on if long and going_on else admitted))
        frontier = frontier.advance(tokens[-1])
    check(automaton, frontier.records())
    return tokens


@settings(max_examples=100)
@given(
    automaton=automata() | automata(text=REPEATING.map(" ".join)),
    seed=st.integers(0, 2**32),
    long=st.booleans(),
)
def test_ordered_answers_in_tokens_end(automaton: Automaton, seed: int, long: bool) -> None:
    tokens = walk_tokens(automaton, seed, longest_answer(automaton) + 1, long=long)
    assert len(tokens) <= longest_answer(automaton)
    assert balanced(automaton, tokens)
    read = replay(automaton, tokens)
    check(automaton, read)
    symbols = target_of(automaton, read)
    again = replay(automaton, [symbol.token for symbol in symbols])
    assert spelled(automaton, again) == spelled(automaton, read)


@settings(max_examples=40)
@given(automaton=automata(ordered=False), seed=st.integers(0, 2**32), long=st.booleans())
def test_unordered_answers_in_tokens_have_no_dead_end(
    automaton: Automaton, seed: int, long: bool
) -> None:
    walk_tokens(automaton, seed, 80, long=long)


@settings(max_examples=60)
@given(automaton=automata(text=REPEATING.map(" ".join)), seed=st.integers(0, 2**32))
def test_a_frontier_follows_every_answer_in_symbols(automaton: Automaton, seed: int) -> None:
    symbols, state = walk(automaton, seed, longest_answer(automaton) + 1)
    read = replay(automaton, [symbol.token for symbol in symbols])
    assert spelled(automaton, read) == spelled(automaton, automaton.records(state))


@settings(max_examples=60)
@given(
    automaton=automata(text=REPEATING.map(" ".join)) | automata(ordered=False),
    seed=st.integers(0, 2**32),
    long=st.booleans(),
)
def test_dropped_readings_allow_no_other_continuation(
    automaton: Automaton, seed: int, long: bool
) -> None:
    frontier, every = Frontier.start(automaton), [automaton.start()]
    for token in walk_tokens(automaton, seed, 40, long=long):
        frontier = frontier.advance(token)
        every = [
            automaton.advance(state, symbol)
            for state in every
            for symbol in automaton.admitted(state)
            if symbol.token == token
        ]
        assert set(frontier.states) <= set(every)
        offered = {s.token for state in every for s in automaton.admitted(state)}
        assert set(frontier.admitted()) == offered
        if len(every) > 200:
            break


def ids_of(automaton: Automaton, *records: Record) -> list[int]:
    return [symbol.token for symbol in target_of(automaton, records)]


def test_the_leftmost_of_equal_mentions_is_preferred() -> None:
    automaton = automaton_of(BYTES, form.ENTITIES, "a, the b, the c, the", ["person"])
    second, third = Span("the", 10, 13), Span("the", 17, 20)
    read = replay(automaton, ids_of(automaton, Record("person", second)))
    assert read == (Record("person", Span("the", 3, 6)),)
    read = replay(automaton, ids_of(automaton, Record("person", second), Record("person", third)))
    assert read == (Record("person", Span("the", 3, 6)), Record("person", second))


def test_later_tokens_can_decide_the_reading() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "the b new the place", ["person"])
    record = Record("person", Span("the place", 10, 19))
    assert replay(automaton, ids_of(automaton, record)) == (record,)


def test_labels_and_regions_with_a_common_beginning() -> None:
    labels = ["place of birth", "place of residence", "place"]
    for tokenizer in (WORDPIECE, BYTES, METASPACE):
        automaton = automaton_of(
            tokenizer, form.GROUNDED, "Kyrie", labels, ["region"], (1, 3, 12, 13)
        )
        span = Span("Kyrie", 0, 5)
        for label in labels:
            for k in (1, 3, 12, 13):
                record = Record(label, span, (Asoc("region", Region(k)),))
                assert replay(automaton, ids_of(automaton, record)) == (record,)


def test_scores_include_choices_among_forced_symbols() -> None:
    labels = ["place of birth", "place of residence"]
    automaton = automaton_of(BYTES, form.GROUNDED, "Kyrie", labels, ["region"], (1, 12, 13, 2))
    record = Record(labels[1], Span("Kyrie", 0, 5), (Asoc("region", Region(13)),))
    frontier = Frontier.start(automaton)
    for token in ids_of(automaton, record):
        choice = len(frontier.admitted()) > 1
        frontier = frontier.advance(token, -0.1 if choice else 0.0)
    (read,) = frontier.records()
    assert read.unscored() == record
    # an item or the end, birth or residence, an asoc or the item's end
    assert read.score == pytest.approx(exp(-0.3))
    # O1 or O2, then O1 or O12 or O13
    assert read.asocs[0].score == pytest.approx(exp(-0.2))


def test_a_pair_over_tokens_scores_its_relation() -> None:
    source = automaton_of(
        BYTES, form.ENTITIES, "a, b", asocs=["place of birth", "place of residence"]
    ).source
    automaton = LabelFirstAutomaton(
        source, form.PAIR, BYTES.markers, head=source.locate(0, 1), tail=source.locate(3, 4)
    )
    frontier = Frontier.start(automaton)
    while not frontier.done:
        admitted = frontier.admitted()
        frontier = frontier.advance(max(admitted), -0.7 if len(admitted) > 1 else 0.0)
    (record,) = frontier.records()
    assert record.asocs[0].score == pytest.approx(exp(-0.7))
    assert record.score == 1


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("shape", [form.ENTITIES, form.JOINT, form.ARGUMENTS])
def test_words_that_repeat_leave_few_readings(shape: form.Form, ordered: bool) -> None:
    words = 30
    automaton = automaton_of(WORDPIECE, shape, "the " * words, ["person"], ["of"], ordered=ordered)
    frontier, most = Frontier.start(automaton), 0
    (the,), (person,), (of,) = (WORDPIECE.encode(w)[0] for w in ("the", "person", "of"))
    markers = automaton.markers
    entity = [markers.open, person, markers.colon, the, markers.close]
    asoc = [markers.open, of, markers.colon, the, markers.close]
    tokens = [markers.open]
    if shape is form.ARGUMENTS:
        tokens += [markers.open, person, *asoc * 10, markers.close]
    elif shape is form.JOINT:
        tokens += [*entity[:-1], *asoc * 5, markers.close] * 5
    else:
        tokens += entity * 10
    for token in [*tokens, markers.close, markers.eos]:
        frontier = frontier.advance(token)
        most = max(most, len(frontier.states))
    assert frontier.done
    assert most <= words
    check(automaton, frontier.records())


def test_ids_outside_the_grammar_are_refused() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "the place", ["person"])
    ids = ids_of(automaton, Record("person", Span("the", 0, 3)))
    for wrong in (ids[1:], [*ids, ids[-1]], [*ids[:2], 0, *ids[2:]], [ids[0], ids[-1]]):
        with pytest.raises(ValueError, match="not admitted"):
            replay(automaton, wrong)


def test_an_answer_cut_short_has_the_items_that_were_finished() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "the place", ["person"])
    first, second = Record("person", Span("the", 0, 3)), Record("person", Span("place", 4, 9))
    ids = ids_of(automaton, first, second)
    assert replay(automaton, ids[:-3]) == (first,)
    assert replay(automaton, ids[:-2]) == (first, second)
