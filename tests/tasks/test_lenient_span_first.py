from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form
from tasks.form import Form
from tasks.lenient_span_first import SpanFirstLenientParser
from tasks.records import Asoc, Record, Region, Span
from tasks.span_first import SpanFirstAutomaton
from tests.support.answers import TOKENIZERS, encode, longest_answer, walk
from tests.tasks.test_lenient_parser import AGAIN, KYRIE, PERSON, ROLES, SPOTS, TEXT, YORK, spell

WORDPIECE = TOKENIZERS["wordpiece"]


def read(
    target: str,
    shape: Form = form.ENTITIES,
    spots: tuple[str, ...] = SPOTS,
    roles: tuple[str, ...] = ROLES,
) -> tuple[Record, ...]:
    ids = spell(WORDPIECE, target)
    source = encode(WORDPIECE, TEXT, spots, roles)
    parser = SpanFirstLenientParser(source, shape, WORDPIECE, (1, 2))
    return tuple(r.unscored() for r in parser.read(ids, [-0.5] * len(ids)))


def test_a_well_formed_answer_is_parsed_completely() -> None:
    target = "( Kyrie : person ) New York : place ) Kyrie : person ) ) $"
    expected = (PERSON, Record("place", YORK), Record("person", AGAIN))
    assert read(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "noise ( Kyrie : person ) ) $",
        "( Kyrie : person ) ) more : place ) $",
        "( Kyrie : person",
        "( Kyrie : person ) : place ) ) $",
        "( Kyrie : person ) New : nonsense ) York ) ) $",
    ],
)
def test_malformed_items_are_left_out(target: str) -> None:
    assert read(target) == (PERSON,)


def test_fillers_are_between_names() -> None:
    target = "( Kyrie : person New York : of Kyrie : of ) ) $"
    asocs = (Asoc("of", YORK), Asoc("of", KYRIE))
    assert read(target, form.JOINT) == (Record("person", KYRIE, asocs),)


def test_an_asoc_with_an_unknown_role_is_left_out() -> None:
    target = "( Kyrie : person New York : with Kyrie : of ) ) $"
    assert read(target, form.JOINT) == (Record("person", KYRIE),)


def test_a_pair_is_split_at_its_role() -> None:
    target = "( Kyrie of New York ) $"
    expected = (Record(None, KYRIE, (Asoc("of", YORK),)),)
    assert read(target, form.PAIR, ()) == expected
    assert read("( Kyrie with New York ) $", form.PAIR, ()) == ()


def test_without_a_schema_fillers_start_at_words_of_the_text() -> None:
    target = "( Kyrie : person New York : place ) ) $"
    expected = (Record("person", KYRIE, (Asoc("place", YORK),)),)
    assert read(target, form.JOINT, (), ()) == expected


def test_a_score_is_the_product_of_its_own_tokens() -> None:
    source = encode(WORDPIECE, "New York", SPOTS, ROLES)
    parser = SpanFirstLenientParser(source, form.ENTITIES, WORDPIECE)
    ids = spell(WORDPIECE, "( New : place ) ) $")
    (record,) = parser.read(ids, [-0.25] * len(ids))
    count = len(WORDPIECE.encode("New")[0]) + len(WORDPIECE.encode("place")[0]) + 2
    assert record.score == pytest.approx(exp(-0.25 * count))


@given(
    shape=st.sampled_from((form.ENTITIES, form.GROUNDED, form.JOINT, form.ARGUMENTS)),
    seed=st.integers(0, 2**32),
)
def test_answers_of_the_grammar_with_distinct_words_are_parsed_back(shape: Form, seed: int) -> None:
    source = encode(WORDPIECE, "q w x y z", ("person", "place"), ("region", "of"))
    automaton = SpanFirstAutomaton(source, shape, WORDPIECE.markers, regions=(1, 2))
    symbols, state = walk(automaton, seed, longest_answer(automaton) + 3, long=True)
    parser = SpanFirstLenientParser(source, shape, WORDPIECE, (1, 2))
    got = parser.read([symbol.token for symbol in symbols], [0.0] * len(symbols))
    expected = [record.unscored() for record in automaton.records(state)]
    assert [(r.label, r.span, set(r.asocs)) for r in got] == [
        (r.label, r.span, set(r.asocs)) for r in expected
    ]


def test_regions_are_fillers() -> None:
    ids = [*spell(WORDPIECE, "( Kyrie : person"), *WORDPIECE.markers.regions[1]]
    ids += spell(WORDPIECE, ": region ) ) $")
    source = encode(WORDPIECE, TEXT, SPOTS, ROLES)
    parser = SpanFirstLenientParser(source, form.GROUNDED, WORDPIECE, (1, 2))
    (record,) = parser.read(ids, [0.0] * len(ids))
    assert record == Record("person", Span("Kyrie", 0, 5), (Asoc("region", Region(2)),))
