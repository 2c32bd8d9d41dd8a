from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.form import Opening
from tasks.linearise import linearise, parse
from tasks.records import Asoc, Record, Region, Span

# "( ) :" stand for the sentinels
NOTATION = {"(": "<extra_id_0>", ")": "<extra_id_1>", ":": "<extra_id_5>"}
TEXT = "Kyrie Irving met Ryan Reynolds and Blake Lively after an airstrike in New York"


def published(target: str) -> str:
    return " ".join(NOTATION.get(word, word) for word in target.split(" "))


def span(mention: str) -> Span:
    start = TEXT.index(mention)
    return Span(mention, start, start + len(mention))


EXAMPLES = [
    (Opening.TYPED, (), "(  )"),
    (Opening.TYPED, (Record("person", span("Kyrie")),), "( ( person : Kyrie ) )"),
    (
        Opening.TYPED,
        (Record("person", span("Kyrie Irving")), Record("location", span("New York"))),
        "( ( person : Kyrie Irving ) ( location : New York ) )",
    ),
    (
        Opening.TYPED,
        (Record("person", span("Kyrie"), (Asoc("region", Region(3)),)),),
        "( ( person : Kyrie ( region : O3 ) ) )",
    ),
    (
        Opening.HEAD,
        (Record(None, span("Ryan Reynolds"), (Asoc("couple", span("Blake Lively")),)),),
        "( ( Ryan Reynolds ( couple : Blake Lively ) ) )",
    ),
    (
        Opening.TYPED,
        (
            Record("person", span("Kyrie"), (Asoc("member of", span("New York")),)),
            Record("organization", span("New York")),
        ),
        "( ( person : Kyrie ( member of : New York ) ) ( organization : New York ) )",
    ),
    (Opening.TYPED, (Record("attack", span("airstrike")),), "( ( attack : airstrike ) )"),
    (
        Opening.BARE,
        (Record("attack", None, (Asoc("attacker", span("Kyrie")), Asoc("target", Region(1)))),),
        "( ( attack ( attacker : Kyrie ) ( target : O1 ) ) )",
    ),
    (Opening.BARE, (Record("arrest jail", None),), "( ( arrest jail ) )"),
]


def test_the_published_string_in_full() -> None:
    records = (Record("person", span("Kyrie Irving")), Record("location", span("New York")))
    assert linearise(records) == (
        "<extra_id_0> <extra_id_0> person <extra_id_5> Kyrie Irving <extra_id_1> "
        "<extra_id_0> location <extra_id_5> New York <extra_id_1> <extra_id_1>"
    )
    assert linearise(()) == "<extra_id_0>  <extra_id_1>"


@pytest.mark.parametrize(("opening", "records", "target"), EXAMPLES)
def test_the_examples_are_converted_and_parsed_back(
    opening: Opening, records: tuple[Record, ...], target: str
) -> None:
    assert linearise(records) == published(target)
    assert parse(published(target), TEXT, opening) == records


@pytest.mark.parametrize(("opening", "records", "target"), EXAMPLES)
def test_decoded_targets_have_no_space_before_a_sentinel(
    opening: Opening, records: tuple[Record, ...], target: str
) -> None:
    decoded = published(target).replace(" <", "<")
    assert parse(f" {decoded}\n", TEXT, opening) == records


WORDS = ("Anna", "met", "Bob", "O4x", "don't", "München", "日本", "e\u0301t")
PHRASES = st.tuples(st.integers(0, len(WORDS) - 1), st.integers(1, len(WORDS)))


PUBLISHED = (Opening.TYPED, Opening.HEAD, Opening.BARE)
"""The openings that the published files have."""


@settings(max_examples=60)
@given(opening=st.sampled_from(PUBLISHED), data=st.data())
def test_records_of_unique_mentions_are_parsed_back(opening: Opening, data: st.DataObject) -> None:
    words = data.draw(st.permutations(WORDS))
    text = " ".join(words)

    def mention(place: tuple[int, int]) -> Span:
        phrase = " ".join(words[place[0] : max(place)]) or words[place[0]]
        return Span(phrase, text.index(phrase), text.index(phrase) + len(phrase))

    spans = PHRASES.map(mention)
    labels = st.sampled_from(("person", "place of birth", "none"))
    fillers = spans | st.integers(1, 36).map(Region)
    record = st.builds(
        Record,
        st.none() if opening is Opening.HEAD else labels,
        st.none() if opening is Opening.BARE else spans,
        st.lists(st.builds(Asoc, labels, fillers), max_size=3).map(tuple),
    )
    records = tuple(data.draw(st.lists(record, max_size=3)))
    assert parse(linearise(records), text, opening) == records


def spans_read(target: str, text: str) -> list[tuple[int | None, int | None]]:
    records = parse(published(target), text, Opening.TYPED)
    return [(r.span.start, r.span.end) for r in records if r.span is not None]


def test_a_repeated_mention_takes_its_next_occurrence() -> None:
    target = "( ( person : Bo ) ( person : Bo ) ( place : Bo ) ( person : Bo ) )"
    assert spans_read(target, "Bo and Bo") == [(0, 2), (7, 9), (0, 2), (0, 2)]


def test_whole_words_come_before_parts_of_words() -> None:
    target = "( ( place : US ) ( place : US ) )"
    assert spans_read(target, "USER in US") == [(8, 10), (0, 2)]
    assert spans_read("( ( place : USE ) )", "USER in US") == [(0, 3)]


def test_roles_and_labels_have_occurrences_of_their_own() -> None:
    target = published("( ( person : Bo ( person : Bo ) ( person : Bo ) ) )")
    (record,) = parse(target, "Bo, Bo", Opening.TYPED)
    assert record.span == Span("Bo", 0, 2)
    assert [a.filler for a in record.asocs] == [Span("Bo", 0, 2), Span("Bo", 4, 6)]


def test_a_mention_outside_the_text_has_no_offsets() -> None:
    assert spans_read("( ( person : Zoe ) )", "Bo") == [(None, None)]
    # signs are not patterns
    assert spans_read("( ( person : B. ) )", "Bo") == [(None, None)]


@pytest.mark.parametrize(("filler", "region"), [("O1", 1), ("O9", 9), ("O10", 10), ("O36", 36)])
def test_region_names_read_as_regions(filler: str, region: int) -> None:
    (record,) = parse(published(f"( ( a ( b : {filler} ) ) )"), filler, Opening.BARE)
    assert record.asocs[0].filler == Region(region)


@pytest.mark.parametrize("filler", ["O0", "O37", "O01", "O1 O2", "o1", "O"])
def test_other_words_read_as_spans(filler: str) -> None:
    (record,) = parse(published(f"( ( a ( b : {filler} ) ) )"), filler, Opening.BARE)
    assert record.asocs[0].filler == Span(filler, 0, len(filler))


@pytest.mark.parametrize("opening", Opening)
@pytest.mark.parametrize(
    "target",
    [
        "",
        "person",
        "( ",
        ")",
        "( ) )",
        "( ) more",
        "more ( )",
        "( more )",
        "( ( person : Kyrie )",
        "( ( person : Kyrie",
        "( ( person : ) )",
        "( ( : Kyrie ) )",
        "( ( : : Kyrie ) )",
        "( ( ) )",
        "( ( ) ) )",
        "( ( ( ) ) )",
        "( ( person : Kyrie : Irving ) )",
        "( ( person : Kyrie ( ) ) )",
        "( ( person : Kyrie ( region ) ) )",
        "( ( person : Kyrie ( region : ) ) )",
        "( ( person : Kyrie ( : : O1 ) ) )",
        "( ( person : Kyrie ( region : O1 ( ) ) )",
        "( ( person : Kyrie ( region : O1 ) more ) )",
        "( ( person ( region : ( ) ) )",
        "( ( person ( : O1 ) ) )",
        "( ( person ( region : O1 ) )",
    ],
)
def test_ill_formed_targets_are_refused(opening: Opening, target: str) -> None:
    with pytest.raises(ValueError):
        parse(published(target), "Kyrie", opening)


@pytest.mark.parametrize(
    ("opening", "target"),
    [
        (Opening.TYPED, "( ( person ) )"),
        (Opening.TYPED, "( ( person ( region : O1 ) ) )"),
        (Opening.HEAD, "( ( person : Kyrie ) )"),
        (Opening.BARE, "( ( person : Kyrie ) )"),
    ],
)
def test_targets_of_another_form_are_refused(opening: Opening, target: str) -> None:
    with pytest.raises(ValueError):
        parse(published(target), "Kyrie", opening)
