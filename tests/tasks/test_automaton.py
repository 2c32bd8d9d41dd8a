from __future__ import annotations

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton, State
from tasks.label_first import LabelFirstAutomaton
from tasks.linearise import linearise, parse
from tasks.records import Asoc, Record, Region, Span
from tests.support.answers import (
    FORMS,
    TOKENIZERS,
    automata,
    automaton_of,
    balanced,
    check,
    encode,
    longest_answer,
    walk,
)

SEEDS = st.integers(0, 2**32)
WORDPIECE = TOKENIZERS["wordpiece"]
AWKWARD = (
    "",
    " \n\u3000",
    "\u200b\u0301",
    "☃☃ ☃",
    "👨‍👩‍👧👍🏽 🇩🇪🇫🇷❤️",
    "e\u0301a\u0308 क्षि",
    "日本語 ไทยน้ำ",
    "the the the",
    "[SEP] [unused0] <extra_id_0> </s> <spot>",
)


@settings(max_examples=120)
@given(automaton=automata(), seed=SEEDS, long=st.booleans())
def test_ordered_answers_end_and_contain_options_only(
    automaton: Automaton, seed: int, long: bool
) -> None:
    symbols, state = walk(automaton, seed, longest_answer(automaton) + 1, long=long)
    assert state.done
    assert len(symbols) <= longest_answer(automaton)
    assert balanced(automaton, [symbol.token for symbol in symbols])
    records = automaton.records(state)
    check(automaton, records)
    if "<extra_id_" not in automaton.source.text:
        target = linearise(records)
        parsed = parse(target, automaton.source.text, automaton.form.opening)
        assert linearise(parsed) == target


@settings(max_examples=60)
@given(automaton=automata(ordered=False), seed=SEEDS, long=st.booleans())
def test_unordered_answers_have_no_dead_end(automaton: Automaton, seed: int, long: bool) -> None:
    _, state = walk(automaton, seed, 150, long=long)
    check(automaton, automaton.records(state))


@pytest.mark.parametrize("text", AWKWARD)
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_awkward_texts_have_answers(tokenizer: str, text: str) -> None:
    for shape in (f for f in FORMS if f is not form.PAIR):
        automaton = automaton_of(TOKENIZERS[tokenizer], shape, text, regions=(2, 12))
        for long in (False, True):
            _, state = walk(automaton, 5, longest_answer(automaton) + 1, long=long)
            assert state.done
            check(automaton, automaton.records(state))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("text", ["", " \n", "\u3000"])
def test_a_text_without_characters_has_the_empty_answer_only(tokenizer: str, text: str) -> None:
    automaton = automaton_of(TOKENIZERS[tokenizer], form.GROUNDED, text, regions=(1,))
    markers = automaton.markers
    symbols, state = walk(automaton, 0, 9, long=True)
    assert [symbol.token for symbol in symbols] == [markers.open, markers.close, markers.eos]
    assert automaton.records(state) == ()


def test_a_token_that_extends_into_the_instruction_is_no_dead_end() -> None:
    tokenizer = TOKENIZERS["metaspace"]
    source = encode(tokenizer, "New over", ["person"], separator="")
    automaton = LabelFirstAutomaton(source, form.ENTITIES, tokenizer.markers)
    assert [source.text[p.start : p.end] for p in source.pieces] == ["New", "", "o", "v", "e"]
    for seed in range(5):
        _, state = walk(automaton, seed, 30, long=True)
        assert automaton.records(state) == (Record("person", Span("New", 0, 3)),)


def advance(automaton: Automaton, state: State, *words: str, logp: float = 0.0) -> State:
    """Return the state after the symbols of `words`, one admitted token each."""
    names = {"(": automaton.markers.open, ")": automaton.markers.close}
    names |= {":": automaton.markers.colon, "eos": automaton.markers.eos}
    for word in words:
        token = names.get(word)
        if token is None and word.startswith("O"):
            token = automaton.markers.regions[int(word[1:]) - 1][0]
        ids = [token] if token is not None else WORDPIECE.encode(word)[0]
        for token in ids:
            admitted = automaton.admitted(state)
            symbol = next(s for s in admitted if s.token == token)
            state = automaton.advance(state, symbol, logp if len(admitted) > 1 else 0.0)
    return state


def words_admitted(automaton: Automaton, state: State) -> set[str]:
    markers = automaton.markers
    names = {markers.open: "(", markers.close: ")", markers.colon: ":", markers.eos: "eos"}
    names |= {ids[0]: f"O{k}" for k, ids in enumerate(markers.regions, 1)}
    return {names.get(s.token) or WORDPIECE.decode([s.token]) for s in automaton.admitted(state)}


def test_the_options_of_a_grounded_answer() -> None:
    automaton = automaton_of(
        WORDPIECE, form.GROUNDED, "a new place", ["person", "place"], ["region"], (3, 1)
    )
    path = [
        (("(",), {"(", ")"}),
        (("(",), {"person", "place"}),
        (("person",), {":"}),
        ((":",), {"a", "new", "place"}),
        (("a",), {"new", "(", ")"}),
        (("new",), {"place", "(", ")"}),
        (("(", "region", ":"), {"O1", "O3"}),
        (("O3",), {")"}),
        ((")",), {")"}),
        ((")",), {"(", ")"}),
        (("(",), {"person", "place"}),
        (("person", ":"), {"place"}),
        (("place",), {"(", ")"}),
        ((")",), {")"}),
        ((")",), {"eos"}),
        (("eos",), set()),
    ]
    state = automaton.start()
    for words, expected in path:
        state = advance(automaton, state, *words)
        assert words_admitted(automaton, state) == expected
    assert state.done
    assert automaton.records(state) == (
        Record("person", Span("a new", 0, 5), (Asoc("region", Region(3)),)),
        Record("person", Span("place", 6, 11)),
    )


def test_ordered_items_start_behind_the_previous_item() -> None:
    automaton = automaton_of(WORDPIECE, form.JOINT, "a new place", ["person", "place"], ["of"])
    state = advance(automaton, automaton.start(), "(", "(", "person", ":", "a", "new")
    # an asoc may be before the item, or inside it
    state = advance(automaton, state, "(", "of", ":")
    assert words_admitted(automaton, state) == {"a", "new", "place"}
    state = advance(automaton, state, "new", "place", ")", ")", "(")
    assert words_admitted(automaton, state) == {"person", "place"}
    assert words_admitted(automaton, advance(automaton, state, "person", ":")) == {"place"}
    state = advance(automaton, state, "place", ":", "place", ")")
    assert words_admitted(automaton, state) == {")"}


def test_unordered_items_may_overlap_and_repeat() -> None:
    automaton = automaton_of(
        WORDPIECE, form.ENTITIES, "a new place", ["person", "place"], ordered=False
    )
    state = advance(automaton, automaton.start(), "(")
    for label, *span in (("person", "new"), ("place", "a", "new"), ("person", "new")):
        state = advance(automaton, state, "(")
        assert words_admitted(automaton, state) == {"person", "place"}
        state = advance(automaton, state, label, ":")
        assert words_admitted(automaton, state) == {"a", "new", "place"}
        state = advance(automaton, state, *span, ")")
    new = Record("person", Span("new", 2, 5))
    assert automaton.records(state) == (new, Record("place", Span("a new", 0, 5)), new)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_grounded_entity_names_one_region(ordered: bool) -> None:
    automaton = automaton_of(
        WORDPIECE, form.GROUNDED, "a new place", ["person"], ["region"], (1, 3), ordered=ordered
    )
    state = advance(automaton, automaton.start(), "(", "(", "person", ":", "a")
    state = advance(automaton, state, "(", "region", ":", "O1", ")")
    assert words_admitted(automaton, state) == {")"}
    # the next entity may name the same one
    state = advance(automaton, state, ")", "(", "person", ":", "new", "(", "region", ":")
    assert words_admitted(automaton, state) == {"O1", "O3"}


def test_event_arguments_name_spans_before_regions_and_repeat_none() -> None:
    automaton = automaton_of(
        WORDPIECE, form.ARGUMENTS, "a new place", ["person"], ["of", "place"], (2, 5)
    )
    state = advance(automaton, automaton.start(), "(", "(", "person")
    assert words_admitted(automaton, state) == {"(", ")"}
    state = advance(automaton, state, "(", "of", ":")
    assert words_admitted(automaton, state) == {"a", "new", "place", "O2", "O5"}
    state = advance(automaton, state, "new", ")", "(", "of", ":")
    assert words_admitted(automaton, state) == {"place", "O2", "O5"}
    state = advance(automaton, state, "O2", ")", "(", "place", ":")
    assert words_admitted(automaton, state) == {"O2", "O5"}
    state = advance(automaton, state, "O5", ")", "(")
    assert words_admitted(automaton, state) == {"of"}
    state = advance(automaton, state, "of", ":", "O5", ")", ")", ")", "eos")
    assert [(a.label, a.filler) for a in automaton.records(state)[0].asocs] == [
        ("of", Span("new", 2, 5)),
        ("of", Region(2)),
        ("place", Region(5)),
        ("of", Region(5)),
    ]


def test_a_pair_has_one_choice() -> None:
    source = encode(WORDPIECE, "a new place", (), ["of", "none"])
    automaton = LabelFirstAutomaton(
        source, form.PAIR, WORDPIECE.markers, head=source.locate(0, 1), tail=source.locate(2, 11)
    )
    symbols, choices, state = [], [], automaton.start()
    while not state.done:
        admitted = automaton.admitted(state)
        choices.append(len(admitted))
        symbols.append(admitted[0])
        state = automaton.advance(state, symbols[-1], -0.5 if len(admitted) > 1 else 0.0)
    assert sorted(choices)[-2:] == [1, 2]
    assert automaton.records(state) == (
        Record(None, Span("a", 0, 1), (Asoc("of", Span("new place", 2, 11), exp(-0.5)),)),
    )


def test_scores_multiply_the_choices_of_their_own_item() -> None:
    automaton = automaton_of(
        WORDPIECE, form.GROUNDED, "a new place", ["person", "place"], ["region"], (1, 3)
    )
    state = advance(automaton, automaton.start(), "(")
    state = advance(automaton, state, "(", "person", ":", "new", logp=-0.1)
    state = advance(automaton, state, "(", logp=-0.2)
    state = advance(automaton, state, "region", ":", "O3", logp=-0.4)
    state = advance(automaton, state, ")", ")", logp=-0.8)
    (record,) = automaton.records(state)
    # "(", the label, the span's beginning and its end; behind a region there is no choice but ")"
    assert record.score == pytest.approx(exp(-0.1 * 3 - 0.2))
    assert record.asocs[0].score == pytest.approx(exp(-0.4))
    assert record.unscored() == Record("person", Span("new", 2, 5), (Asoc("region", Region(3)),))


def test_unfinished_items_are_left_out() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "a new place")
    state = advance(
        automaton, automaton.start(), "(", "(", "person", ":", "a", ")", "(", "place", ":"
    )
    assert automaton.records(state) == (Record("person", Span("a", 0, 1)),)


def test_spans_neither_start_nor_end_inside_words() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "newing kit", ["person"])
    pieces = [automaton.source.text[p.start : p.end] for p in automaton.source.pieces]
    assert pieces == ["new", "ing", "k", "i", "t"]
    state = advance(automaton, automaton.start(), "(", "(", "person", ":")
    assert words_admitted(automaton, state) == {"new", "k"}
    state = automaton.advance(state, automaton.admitted(state)[0])
    assert [s.position for s in automaton.admitted(state)] == [automaton.source.pieces[1].position]


def test_labels_with_a_common_beginning_differ_in_the_position_they_copy() -> None:
    automaton = automaton_of(
        WORDPIECE, form.ENTITIES, "a", ["place of birth", "place of residence"]
    )
    state = advance(automaton, automaton.start(), "(", "(")
    first, second = automaton.admitted(state)
    assert first.token == second.token
    assert first.position != second.position
    state = automaton.advance(state, second)
    while not state.done:
        state = automaton.advance(state, automaton.admitted(state)[-1])
    assert automaton.records(state)[0].label == "place of residence"


def test_arguments_that_do_not_go_together_are_refused() -> None:
    source = encode(WORDPIECE, "a new place", (), ["of"])
    for shape, arguments in (
        (form.PAIR, {}),
        (form.PAIR, {"head": (0, 1)}),
        (form.ENTITIES, {"head": (0, 1), "tail": (1, 2)}),
        (form.ENTITIES, {"tail": (1, 2)}),
        (form.ARGUMENTS, {}),
        (form.GROUNDED, {"regions": (0,)}),
        (form.GROUNDED, {"regions": (37,)}),
    ):
        with pytest.raises(ValueError):
            LabelFirstAutomaton(source, shape, WORDPIECE.markers, **arguments)
    bare = encode(WORDPIECE, "a new place")
    with pytest.raises(ValueError, match="relation"):
        LabelFirstAutomaton(bare, form.PAIR, WORDPIECE.markers, head=(0, 1), tail=(1, 2))
