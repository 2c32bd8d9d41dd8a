from __future__ import annotations

from dataclasses import replace

import pytest

from tasks import form, instruction
from tasks.errors import LabelError, TextTooLong
from tasks.frontier import replay
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Region, Span
from tasks.source import Source
from training.text.example import Example, ExamplePicture, encode, spell

TEXT = "Ann Lee joined NASA in Oslo"
ANN, NASA = Span.of(TEXT, 0, 7), Span.of(TEXT, 15, 19)
RECORDS = (Record("person", ANN), Record("organization", NASA))
GROUNDED = Example(
    TEXT,
    instruction.ENTITIES,
    form.GROUNDED,
    (Record("person", ANN, (Asoc("region", Region(2)),)), Record("organization", NASA)),
    ("organization", "person"),
    ("region",),
    picture=ExamplePicture(4, (1, 2, 3)),
    weight=2.5,
)
PAIR = Example(
    TEXT,
    instruction.relation("Ann Lee", "NASA"),
    form.PAIR,
    (Record(None, None, (Asoc("knows", NASA),)),),
    asocs=("knows", "place of", NONE),
    head=(0, 7),
    tail=(15, 19),
)


def source_of(example: Example, prompter: Prompter) -> Source:
    return prompter.encode(example.text, example.wording, example.spots, example.asocs)


def test_prompts_of_examples_are_those_of_the_service(prompter: Prompter) -> None:
    encoded = encode(GROUNDED, prompter)
    source = source_of(GROUNDED, prompter)
    assert encoded is not None
    assert (encoded.ids, encoded.cases) == (source.ids, source.cases)
    assert encoded.weight == 2.5 and encoded.picture == ExamplePicture(4, (1, 2, 3))


@pytest.mark.parametrize("example", [GROUNDED, PAIR], ids=["grounded", "pair"])
def test_its_tokens_spell_its_records(example: Example, prompter: Prompter) -> None:
    encoded = encode(example, prompter)
    assert encoded is not None
    source = source_of(example, prompter)
    automaton = LabelFirstAutomaton(
        source,
        example.form,
        prompter.tokenizer.markers,
        regions=example.picture.regions if example.picture else (),
        head=source.locate(*example.head) if example.head else None,
        tail=source.locate(*example.tail) if example.tail else None,
    )
    state = automaton.start()
    for token, step in zip(encoded.tokens, encoded.steps, strict=True):
        assert step.admitted == automaton.admitted(state)
        assert step.admitted[step.chosen].token == token
        state = automaton.advance(state, step.admitted[step.chosen])
    # it stops behind the last choice; the rest is forced
    assert len(encoded.steps[-1].admitted) > 1
    while admitted := automaton.admitted(state):
        (symbol,) = admitted
        state = automaton.advance(state, symbol)
    records = automaton.records(state)
    if example is GROUNDED:
        assert records == GROUNDED.records
    else:
        assert [r.asocs for r in records] == [r.asocs for r in PAIR.records]


def test_only_offered_regions_are_choices(prompter: Prompter) -> None:
    encoded = encode(GROUNDED, prompter)
    assert encoded is not None
    choices = [{s.region for s in step.admitted} for step in encoded.steps]
    assert {1, 2, 3} in choices
    blind = encode(replace(GROUNDED, picture=None), prompter)
    assert blind is not None and blind.picture is None
    assert not any(s.region for step in blind.steps for s in step.admitted)


def test_alike_regions_are_equally_correct(prompter: Prompter) -> None:
    encoded = encode(replace(GROUNDED, alike={2: frozenset({2, 3, 9})}), prompter)
    assert encoded is not None
    right = [
        ({step.admitted[k].region for k in encoded.right(step)}, step)
        for step in encoded.steps
        if len(step.admitted) > 1
    ]
    assert [regions for regions, _ in right if regions != {0}] == [{2, 3}]
    for regions, step in right:
        if regions == {0}:
            assert encoded.right(step) == [step.chosen]


@pytest.mark.parametrize("alike", [{}, {1: frozenset({1, 2})}, {2: frozenset[int]()}])
def test_a_region_like_no_other_is_the_only_right_one(
    alike: dict[int, frozenset[int]], prompter: Prompter
) -> None:
    encoded = encode(replace(GROUNDED, alike=alike), prompter)
    assert encoded is not None
    assert all(encoded.right(step) == [step.chosen] for step in encoded.steps)


def test_a_pair_inside_words_cannot_be_encoded(prompter: Prompter) -> None:
    assert encode(replace(PAIR, head=(0, 6)), prompter) is None
    assert encode(replace(PAIR, tail=(16, 19)), prompter) is None


def test_where_there_is_no_choice_there_is_nothing_to_learn(prompter: Prompter) -> None:
    assert encode(replace(PAIR, asocs=("knows",)), prompter) is None


def test_limits_are_the_prompters(prompter: Prompter) -> None:
    with pytest.raises(TextTooLong):
        encode(replace(GROUNDED, text="x " * 300), prompter)
    with pytest.raises(LabelError):
        encode(replace(GROUNDED, spots=tuple(f"label {k}" for k in range(300))), prompter)


@pytest.mark.parametrize("example", [GROUNDED, PAIR], ids=["grounded", "pair"])
def test_spelled_out_it_goes_on_to_its_end(example: Example, prompter: Prompter) -> None:
    spelled, encoded = spell(example, prompter), encode(example, prompter)
    assert spelled is not None and encoded is not None
    assert (spelled.ids, spelled.cases) == (encoded.ids, encoded.cases)
    assert spelled.picture == example.picture
    assert spelled.tokens[: len(encoded.tokens)] == encoded.tokens
    markers = prompter.tokenizer.markers
    assert spelled.tokens[-2:] == (markers.close, markers.eos)
    assert spelled.tokens.count(markers.open) == spelled.tokens.count(markers.close)


def test_spelled_out_mentions_may_overlap(prompter: Prompter) -> None:
    inner = Record("organization", Span.of(TEXT, 4, 7))
    example = replace(GROUNDED, picture=None, form=form.ENTITIES, records=(*RECORDS, inner))
    spelled = spell(example, prompter)
    assert spelled is not None
    source = source_of(example, prompter)
    automaton = LabelFirstAutomaton(
        source, form.ENTITIES, prompter.tokenizer.markers, ordered=False
    )
    found = [record.unscored() for record in replay(automaton, spelled.tokens)]
    assert found == [RECORDS[0], inner, RECORDS[1]]


def test_where_there_is_no_choice_there_is_still_something_to_spell(prompter: Prompter) -> None:
    assert spell(replace(PAIR, asocs=("knows",)), prompter) is not None
    assert spell(replace(PAIR, head=(0, 6)), prompter) is None
    with pytest.raises(TextTooLong):
        spell(replace(GROUNDED, text="x " * 300), prompter)
