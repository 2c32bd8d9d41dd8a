from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form
from tasks.form import Form
from tasks.label_first import LabelFirstAutomaton
from tasks.lenient_parser import LenientParser
from tasks.records import Asoc, Record, Region, Span
from tasks.source import Source
from tasks.target import target_of
from tasks.tokenizer import Tokenizer
from tests.support.answers import FORMS, LABELS, TOKENIZERS, encode

WORDPIECE, BYTES = TOKENIZERS["wordpiece"], TOKENIZERS["bytes"]
TEXT = "Kyrie met the New York team, Kyrie left"
SPOTS, ROLES = ("person", "place"), ("region", "of", "none")
SIGNS = {"(": "open", ")": "close", ":": "colon", "$": "eos"}


def source_of(tokenizer: Tokenizer, text: str = TEXT, spots: tuple[str, ...] = SPOTS) -> Source:
    return encode(tokenizer, text, spots, ROLES if spots else ())


def spell(tokenizer: Tokenizer, target: str) -> list[int]:
    """Return the ids of a target whose markers are signs between spaces."""
    ids: list[int] = []
    phrase: list[str] = []
    for word in [*target.split(" "), ""]:
        if word in SIGNS or not word:
            # a word behind a marker has the ids of one behind a space
            ids += tokenizer.encode(" " + " ".join(phrase))[0] if phrase else []
            phrase = []
            ids += [getattr(tokenizer.markers, SIGNS[word])] if word else []
        else:
            phrase.append(word)
    return ids


def read(
    target: str,
    shape: Form = form.ENTITIES,
    tokenizer: Tokenizer = BYTES,
    spots: tuple[str, ...] = SPOTS,
    regions: tuple[int, ...] = (),
) -> tuple[Record, ...]:
    ids = spell(tokenizer, target)
    parser = LenientParser(source_of(tokenizer, spots=spots), shape, tokenizer, regions)
    return tuple(r.unscored() for r in parser.read(ids, [-0.5] * len(ids)))


def span(start: int, end: int) -> Span:
    return Span.of(TEXT, start, end)


KYRIE, YORK, AGAIN = span(0, 5), span(14, 22), span(29, 34)
PERSON = Record("person", KYRIE)


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_a_well_formed_answer_is_parsed_completely(tokenizer: Tokenizer) -> None:
    target = "( ( person : Kyrie ) ( place : New York ) ( person : Kyrie ) ) $"
    expected = (PERSON, Record("place", YORK), Record("person", AGAIN))
    assert read(target, tokenizer=tokenizer) == expected


@given(
    shape=st.sampled_from([f for f in FORMS if f is not form.PAIR]),
    name=st.sampled_from(sorted(TOKENIZERS)),
    data=st.data(),
)
def test_answers_of_the_grammar_with_distinct_mentions_are_parsed_back(
    shape: Form, name: str, data: st.DataObject
) -> None:
    tokenizer = TOKENIZERS[name]
    words = data.draw(st.permutations(("Kyrie", "Irving", "New", "York", "don't", "a")))
    text = " ".join(words)
    source = encode(tokenizer, text, LABELS[:2], LABELS[1:3])
    automaton = LabelFirstAutomaton(source, shape, tokenizer.markers, regions=(1, 12))
    mentions = st.sampled_from(words).map(
        lambda word: Span(word, text.index(word), text.index(word) + len(word))
    )
    fillers = mentions | st.sampled_from((1, 12)).map(Region)
    record = st.builds(
        Record,
        st.sampled_from(LABELS[:2]),
        mentions,
        st.lists(st.builds(Asoc, st.sampled_from(LABELS[1:3]), fillers), max_size=2).map(tuple),
    )
    symbols = target_of(automaton, data.draw(st.lists(record, max_size=3)))
    state = automaton.start()
    for symbol in symbols:
        state = automaton.advance(state, symbol)
    ids = [symbol.token for symbol in symbols]
    got = LenientParser(source, shape, tokenizer, (1, 12)).read(ids, [0.0] * len(ids))
    assert [r.unscored() for r in got] == [r.unscored() for r in automaton.records(state)]


def test_each_form_has_its_items() -> None:
    assert read("( ( Kyrie ( of : New York ) ) )", form.PAIR) == (
        Record(None, KYRIE, (Asoc("of", YORK),)),
    )
    assert read(
        "( ( person ( of : Kyrie ) ( none : Kyrie ) ( of : Kyrie ) ) )", form.ARGUMENTS
    ) == (Record("person", None, (Asoc("of", KYRIE), Asoc("none", KYRIE), Asoc("of", AGAIN))),)


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_only_regions_of_the_image_are_regions(tokenizer: Tokenizer) -> None:
    regions = [tokenizer.markers.regions[k - 1] for k in (2, 7)]
    signs = tokenizer.markers
    ids: list[int] = [signs.open]
    for region in regions:
        ids += spell(tokenizer, "( person : Kyrie ( region :")
        ids += [*region, signs.close, signs.close]
    source = source_of(tokenizer)
    for shape, expected in ((form.GROUNDED, [Region, Span]), (form.ENTITIES, [Span, Span])):
        records = LenientParser(source, shape, tokenizer, (1, 2)).read(ids, [0.0] * len(ids))
        fillers = [asoc.filler for record in records for asoc in record.asocs]
        assert [type(filler) for filler in fillers] == expected
        assert all(f.start is None for f in fillers if isinstance(f, Span))


def test_a_mention_outside_the_text_has_no_offsets() -> None:
    assert read("( ( person : Zoe ) )") == (Record("person", Span("Zoe", None, None)),)


def test_a_word_inside_another_is_found() -> None:
    assert read("( ( person : eft ) )") == (Record("person", span(36, 39)),)


@pytest.mark.parametrize(
    "target",
    [
        "Kyrie : the ( ( person : Kyrie ) )",  # tokens before the first bracket
        ") : ( ( person : Kyrie ) )",
        "( ( person : Kyrie ) ) ( ( place : New York ) )",  # tokens behind the end of the answer
        "( ( person : Kyrie ) $ ( place : New York ) )",
        "( ( person : Kyrie",  # never closed
        "( ( person : Kyrie )",
        "( the ( person : Kyrie ) left )",  # words between the items
        "( ( person : Kyrie ) ( person ) )",  # a malformed item
        "( ( person : Kyrie ) ( person : ) ( : Kyrie ) ( ) ( : ) )",
        "( ( person : Kyrie ) ( person : Kyrie : left ) )",
        "( ( person : Kyrie ) ( title : Kyrie ) )",  # a label outside the schema
        "( ( person : Kyrie ( of ) ( title : Kyrie ) ( : ) ) )",  # malformed asocs
        "( ( person : Kyrie ( of : ) ) )",
    ],
)
def test_the_well_formed_part_of_an_answer_is_parsed(target: str) -> None:
    assert read(target) == (PERSON,)


@pytest.mark.parametrize("target", ["", "$", "Kyrie", ")", ") )", "( )", "(", "( $", "( Kyrie )"])
def test_an_answer_without_items_has_no_records(target: str) -> None:
    assert read(target) == ()


def test_a_head_without_a_relation_is_no_record() -> None:
    assert read("( ( Kyrie ) ( Kyrie ( of : ) ) )", form.PAIR) == ()


def test_without_a_schema_any_label_is_accepted() -> None:
    assert read("( ( title : Kyrie ( by : team ) ) )", form.JOINT, spots=()) == (
        Record("title", KYRIE, (Asoc("by", span(23, 27)),)),
    )


def test_a_score_is_the_product_of_its_own_tokens() -> None:
    ids = spell(BYTES, "( ( person : Kyrie ( of : team ) ) )")
    logps = [log(0.5)] * len(ids)
    (record,) = LenientParser(source_of(BYTES), form.JOINT, BYTES).read(ids, logps)
    (asoc,) = record.asocs
    asoc_tokens = len(spell(BYTES, "( of : team )"))
    assert asoc.score == pytest.approx(0.5**asoc_tokens)
    assert record.score == pytest.approx(0.5 ** (len(ids) - 2 - asoc_tokens))


@given(
    tokens=st.lists(st.sampled_from(["(", ")", ":", "$", "person", "Kyrie", "of", "O1"])),
    name=st.sampled_from(sorted(TOKENIZERS)),
    shape=st.sampled_from(FORMS),
)
def test_any_tokens_can_be_parsed(tokens: list[str], name: str, shape: Form) -> None:
    tokenizer = TOKENIZERS[name]
    for record in read(" ".join(tokens), shape, tokenizer, regions=(1,)):
        assert record.label in (None, "person")
        for part in (record.span, *(asoc.filler for asoc in record.asocs)):
            if isinstance(part, Span) and part.start is not None:
                assert part.text == TEXT[part.start : part.end]
