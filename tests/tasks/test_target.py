from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton
from tasks.form import Filler, Form, Opening
from tasks.frontier import replay
from tasks.label_first import LabelFirstAutomaton
from tasks.records import Asoc, Record, Region, Span
from tasks.target import target_of, trace
from tests.support.answers import (
    LABELS,
    TOKENIZERS,
    admissible_spans,
    automata,
    automaton_of,
    balanced,
    do_not_overlap,
    encode,
    longest_answer,
    spelled,
    walk,
)

WORDPIECE = TOKENIZERS["wordpiece"]


def spans(automaton: Automaton) -> st.SearchStrategy[Span]:
    """Admissible spans, and some that are not."""
    source = automaton.source
    places = [
        (source.pieces[first].start, source.pieces[stop - 1].end)
        for first, stop in admissible_spans(source)
    ]
    length = len(source.text)
    anywhere = st.tuples(st.integers(0, length), st.integers(0, length))
    return ((st.sampled_from(places) if places else st.nothing()) | anywhere).map(
        lambda place: Span.of(source.text, *place)
    ) | st.just(Span("nowhere", None, None))


def records_for(automaton: Automaton) -> st.SearchStrategy[list[Record]]:
    names = [label.name for label in (*automaton.source.spots, *automaton.source.asocs)]
    labels = st.sampled_from(names) | st.sampled_from(LABELS)
    fillers = spans(automaton) | st.integers(1, 36).map(Region)
    if automaton.regions:
        fillers |= st.sampled_from([Region(k) for k in automaton.regions])
    asocs = st.lists(st.builds(Asoc, labels, fillers), max_size=4).map(tuple)
    return st.lists(
        st.builds(Record, st.none() | labels, st.none() | spans(automaton), asocs), max_size=5
    )


def expected_of(automaton: Automaton, records: Sequence[Record]) -> list[Record] | None:
    """The admissible part of `records`, in the order of the text."""
    source, shape = automaton.source, automaton.form
    spots = [label.name for label in source.spots]
    first = records[0] if records else Record(None, None)
    if shape.opening is Opening.BARE:
        return [Record(spots[0], None, asocs_of(automaton, first))]
    if shape.opening is Opening.HEAD:
        assert automaton.head is not None and automaton.tail is not None
        roles = [label.name for label in source.asocs]
        named = [a.label for a in first.asocs if isinstance(a.filler, Span) and a.label in roles]
        if not named:
            return None
        tail = span_of(automaton, automaton.tail)
        relation = Asoc(min(named, key=roles.index), tail)
        return [Record(None, span_of(automaton, automaton.head), (relation,))]
    kept: dict[tuple[int, int], Record] = {}
    for record in records:
        if record.label in spots and is_admissible(automaton, record.span):
            assert record.span is not None and record.span.start is not None
            key = (record.span.start, spots.index(record.label))
            kept.setdefault(key, Record(record.label, record.span, asocs_of(automaton, record)))
    found = [kept[key] for key in sorted(kept)]
    return without_overlap(found) if automaton.ordered else found


def without_overlap(records: Sequence[Record]) -> list[Record]:
    """Records in text order without those that overlap an earlier one."""
    kept: list[Record] = []
    for record in records:
        if do_not_overlap([*kept, record]):
            kept.append(record)
    return kept


def asocs_of(automaton: Automaton, record: Record) -> tuple[Asoc, ...]:
    roles = [label.name for label in automaton.source.asocs]
    kept: dict[tuple[bool, int, int], Asoc] = {}
    for asoc in record.asocs:
        if asoc.label not in roles:
            continue
        if isinstance(asoc.filler, Region):
            at, allowed = asoc.filler.index, Filler.REGION in automaton.form.fillers
            allowed = allowed and asoc.filler.index in automaton.regions
        else:
            at, allowed = asoc.filler.start or 0, Filler.SPAN in automaton.form.fillers
            allowed = allowed and is_admissible(automaton, asoc.filler)
        if allowed:
            kept.setdefault((isinstance(asoc.filler, Region), at, roles.index(asoc.label)), asoc)
    found = tuple(kept[key] for key in sorted(kept))
    return found[:1] if automaton.form.one_asoc else found


def is_admissible(automaton: Automaton, span: Span | None) -> bool:
    if span is None or span.start is None:
        return False
    return any(span == span_of(automaton, pieces) for pieces in admissible_spans(automaton.source))


def span_of(automaton: Automaton, pieces: tuple[int, int]) -> Span:
    source = automaton.source
    start, end = source.pieces[pieces[0]].start, source.pieces[pieces[1] - 1].end
    return Span.of(source.text, start, end)


@settings(max_examples=150)
@given(automaton=automata() | automata(ordered=False), data=st.data())
def test_targets_have_the_records_and_are_admitted(
    automaton: Automaton, data: st.DataObject
) -> None:
    records = data.draw(records_for(automaton))
    expected = expected_of(automaton, records)
    if expected is None:
        with pytest.raises(ValueError, match="relation"):
            target_of(automaton, records)
        return
    symbols = target_of(automaton, records)
    ids = [symbol.token for symbol in symbols]
    assert balanced(automaton, ids)
    steps = trace(automaton, symbols)
    assert [step.admitted[step.chosen] for step in steps] == symbols
    state = automaton.start()
    for symbol in symbols:
        state = automaton.advance(state, symbol)
    assert state.done
    assert list(automaton.records(state)) == expected
    read = replay(automaton, ids)
    assert spelled(automaton, read) == spelled(automaton, expected)
    copied = [automaton.source.ids[piece.position] for piece in automaton.source.pieces]
    if len(set(copied)) == len(copied):
        assert list(read) == expected


@settings(max_examples=60)
@given(automaton=automata(), seed=st.integers(0, 2**32))
def test_every_answer_has_a_target(automaton: Automaton, seed: int) -> None:
    _, state = walk(automaton, seed, longest_answer(automaton) + 1)
    records = automaton.records(state)
    symbols = target_of(automaton, records)
    again = automaton.start()
    for step in trace(automaton, symbols):
        again = automaton.advance(again, step.admitted[step.chosen])
    assert spelled(automaton, automaton.records(again)) == spelled(automaton, records)


def target_string(automaton: Automaton, records: Sequence[Record]) -> str:
    """The target in the design's notation."""
    markers = automaton.markers
    names = {markers.open: "(", markers.close: ")", markers.colon: ":", markers.eos: ""}
    names |= {ids[0]: f"O{k}" for k, ids in enumerate(markers.regions, 1)}
    words = [
        names.get(symbol.token, None) or WORDPIECE.decode([symbol.token])
        for symbol in target_of(automaton, records)[:-1]
    ]
    return " ".join(words).replace(" ##", "")


TEXT = "new person of the place"
PERSON, PLACE = Span("person", 4, 10), Span("the place", 14, 23)


@pytest.mark.parametrize(
    ("shape", "records", "target"),
    [
        (form.ENTITIES, [], "( )"),
        (form.ENTITIES, [Record("person", PERSON)], "( ( person : person ) )"),
        (
            form.ENTITIES,
            [Record("place", PLACE), Record("place", PERSON), Record("person", PERSON)],
            "( ( person : person ) ( place : the place ) )",
        ),
        (
            form.GROUNDED,
            [Record("person", PERSON, (Asoc("of", Region(3)), Asoc("of", Region(2))))],
            "( ( person : person ( of : O2 ) ) )",
        ),
        (
            form.JOINT,
            [Record("person", PERSON, (Asoc("of", PLACE),)), Record("place", PLACE)],
            "( ( person : person ( of : the place ) ) ( place : the place ) )",
        ),
        (form.TRIGGERS, [Record("person", PERSON)], "( ( person : person ) )"),
        (
            form.ARGUMENTS,
            [Record("person", None, (Asoc("the", Region(3)), Asoc("of", PERSON)))],
            "( ( person ( of : person ) ( the : O3 ) ) )",
        ),
        (form.ARGUMENTS, [], "( ( person ) )"),
    ],
)
def test_the_forms(shape: Form, records: list[Record], target: str) -> None:
    automaton = automaton_of(WORDPIECE, shape, TEXT, ["person", "place"], ["of", "the"], (2, 3))
    assert target_string(automaton, records) == target


def test_the_form_of_a_pair() -> None:
    source = encode(WORDPIECE, TEXT, (), ("of", "the"))
    automaton = LabelFirstAutomaton(
        source,
        form.PAIR,
        WORDPIECE.markers,
        head=source.locate(14, 23),
        tail=source.locate(4, 10),
    )
    record = Record(None, None, (Asoc("the", PERSON),))
    assert target_string(automaton, [record]) == "( ( the place ( the : person ) ) )"
    with pytest.raises(ValueError, match="relation"):
        target_of(automaton, [])
    with pytest.raises(ValueError, match="relation"):
        target_of(automaton, [Record(None, None, (Asoc("person", PERSON),))])


@pytest.mark.parametrize(
    "record",
    [
        Record("region", PERSON),
        Record(None, PERSON),
        Record("person", None),
        Record("person", Span("perso", 4, 9)),
        Record("person", Span("erson", 5, 10)),
        Record("person", Span("person ", 4, 11)),
        Record("person", Span("nobody", None, None)),
    ],
)
def test_inadmissible_records_are_left_out(record: Record) -> None:
    automaton = automaton_of(WORDPIECE, form.GROUNDED, TEXT, asocs=["of"], regions=(2,))
    assert target_string(automaton, [record]) == "( )"


def test_punctuation_alone_is_left_out() -> None:
    automaton = automaton_of(TOKENIZERS["wordpiece"], form.ENTITIES, "the ! place")
    dot, place = Record("place", Span("!", 4, 5)), Record("place", Span("place", 6, 11))
    assert target_of(automaton, [dot, place]) == target_of(automaton, [place])


@pytest.mark.parametrize("filler", [PERSON, Region(1), Region(36)])
def test_inadmissible_fillers_are_left_out(filler: Span | Region) -> None:
    automaton = automaton_of(WORDPIECE, form.GROUNDED, TEXT, asocs=["of"], regions=(2,))
    record = Record("person", PERSON, (Asoc("of", filler), Asoc("the", Region(2))))
    assert target_string(automaton, [record]) == "( ( person : person ) )"


def test_fillers_of_another_form_are_left_out() -> None:
    asocs = (Asoc("of", PLACE), Asoc("of", Region(2)))
    for shape, target in (
        (form.ENTITIES, "( ( person : person ) )"),
        (form.TRIGGERS, "( ( person : person ) )"),
        (form.GROUNDED, "( ( person : person ( of : O2 ) ) )"),
        (form.JOINT, "( ( person : person ( of : the place ) ) )"),
    ):
        automaton = automaton_of(WORDPIECE, shape, TEXT, asocs=["of"], regions=(2,))
        assert target_string(automaton, [Record("person", PERSON, asocs)]) == target


def test_the_first_of_two_spans_with_one_label_and_start_is_kept() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, TEXT)
    longer = Record("person", Span("person of", 4, 13))
    assert (
        target_string(automaton, [longer, Record("person", PERSON)]) == "( ( person : person of ) )"
    )
    assert target_string(automaton, [Record("person", PERSON), longer]) == "( ( person : person ) )"


@pytest.mark.parametrize(
    ("records", "ordered", "unordered"),
    [
        # one inside the other
        (
            [Record("place", PLACE), Record("person", Span("place", 18, 23))],
            "( ( place : the place ) )",
            "( ( place : the place ) ( person : place ) )",
        ),
        # partial overlap; a dropped span does not affect others
        (
            [
                Record("person", Span("new person", 0, 10)),
                Record("place", Span("person of the", 4, 17)),
                Record("person", PLACE),
            ],
            "( ( person : new person ) ( person : the place ) )",
            "( ( person : new person ) ( place : person of the ) ( person : the place ) )",
        ),
        # one span with two labels: the first in the schema
        (
            [Record("place", PERSON), Record("person", PERSON)],
            "( ( person : person ) )",
            "( ( person : person ) ( place : person ) )",
        ),
        # no overlap
        (
            [Record("person", PERSON), Record("place", Span("of", 11, 13))],
            "( ( person : person ) ( place : of ) )",
            "( ( person : person ) ( place : of ) )",
        ),
    ],
)
def test_ordered_items_keep_the_first_of_overlapping_spans(
    records: list[Record], ordered: str, unordered: str
) -> None:
    for expected, is_ordered in ((ordered, True), (unordered, False)):
        automaton = automaton_of(
            WORDPIECE, form.ENTITIES, TEXT, ["person", "place"], ordered=is_ordered
        )
        assert target_string(automaton, records) == expected
        assert target_string(automaton, records[::-1]) == expected


def test_a_trace_has_the_admitted_symbols_and_refuses_others() -> None:
    automaton = automaton_of(WORDPIECE, form.ENTITIES, "the place", ["person", "place"])
    symbols = target_of(automaton, [Record("place", Span("place", 4, 9))])
    steps = trace(automaton, symbols)
    # (  (|)  person|place  :  the|place  )  )  eos
    assert [len(step.admitted) for step in steps] == [1, 2, 2, 1, 2, 1, 1, 1]
    assert [step.chosen for step in steps] == [0, 0, 1, 0, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="LABEL"):
        trace(automaton, [*symbols[:2], symbols[-1]])
    with pytest.raises(ValueError, match="DONE"):
        trace(automaton, [*symbols, symbols[-1]])
