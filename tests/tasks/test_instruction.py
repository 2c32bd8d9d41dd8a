from __future__ import annotations

import pytest

from tasks import instruction
from tasks.errors import LabelError, TextTooLong
from tasks.instruction import Prompter, Wording
from tasks.source import Source
from tasks.tokenizer import Tokenizer
from tests.support.answers import TOKENIZERS
from tests.support.cased import byte_tokenizer
from tests.support.tokenizer import tiny_tokenizer

BYTES, WORDPIECE, METASPACE = (TOKENIZERS[name] for name in ("bytes", "wordpiece", "metaspace"))
SENTENCE = "RT USER Kyrie Irving plays in New York URL"


def prompt(
    wording: Wording,
    spots: tuple[str, ...] = (),
    asocs: tuple[str, ...] = (),
    *,
    text: str = SENTENCE,
    separator: str = "",
) -> str:
    """Return the whole prompt as a string: bytes decode losslessly."""
    source = Prompter(BYTES, 999, 999, separator).encode(text, wording, spots, asocs)
    return BYTES.decode(list(source.ids))


def test_the_published_prompts() -> None:
    assert prompt(instruction.ENTITIES, ("person", "OTHER")) == (
        "Give the text: RT USER Kyrie Irving plays in New York URL"
        "Please extract the following entity type:</s><spot>person<spot>OTHER"
    )
    relation = instruction.relation(head="Kyrie Irving", tail="New York")
    assert prompt(relation, (), ("place of residence", "none")) == (
        "Give the text: RT USER Kyrie Irving plays in New York URL"
        "Please extract the following relation between: New York and Kyrie Irving"
        "</s><asoc>place of residence<asoc>none"
    )
    assert prompt(instruction.EVENTS, ("attack",), ("attacker", "target")) == (
        "Please Extract event trigger and argument: RT USER Kyrie Irving plays in New York URL"
        "</s><spot>attack<asoc>attacker<asoc>target"
    )
    assert prompt(instruction.ENTITIES, text="") == (
        "Give the text: Please extract the following entity type:</s>"
    )


def test_the_prompts_of_the_projects_own_weights() -> None:
    assert prompt(instruction.ENTITIES, separator=" ") == (
        "Give the text: RT USER Kyrie Irving plays in New York URL "
        "Please extract the following entity type:</s>"
    )
    assert prompt(instruction.arguments("plays"), ("attack",), separator=" ") == (
        "Please Extract event trigger and argument: RT USER Kyrie Irving plays in New York URL "
        "The event trigger is: plays</s><spot>attack"
    )
    # without an instruction behind the text there is no separator
    assert prompt(instruction.EVENTS, separator=" ") == prompt(instruction.EVENTS)


def test_the_prefix_comes_first() -> None:
    source = Prompter(WORDPIECE, 999, 999).encode("a", instruction.EVENTS, ("person",))
    markers = WORDPIECE.markers
    assert source.ids[:1] == markers.prefix
    assert source.ids[-3:] == (markers.eos, markers.spot, *WORDPIECE.encode("person")[0])


@pytest.mark.parametrize("tokenizer", [BYTES, WORDPIECE, METASPACE])
def test_schema_positions_spell_the_labels_in_the_order_given(tokenizer: Tokenizer) -> None:
    spots, asocs = ("place of birth", "person", "O"), ("none", "the ing")
    source = Prompter(tokenizer, 999, 999).encode(SENTENCE, instruction.ENTITIES, spots, asocs)
    assert tuple(label.name for label in source.spots) == spots
    assert tuple(label.name for label in source.asocs) == asocs
    at = source.ids.index(tokenizer.markers.eos) + 1
    for marker, labels in (
        (tokenizer.markers.spot, source.spots),
        (tokenizer.markers.asoc, source.asocs),
    ):
        for label in labels:
            assert label.start == at + 1
            assert source.ids[at] == marker
            assert list(source.ids[label.start : label.stop]) == tokenizer.encode(label.name)[0]
            at = label.stop
    assert at == len(source.ids) == len(source.cases)


def test_the_same_call_has_the_same_source() -> None:
    prompter = Prompter(WORDPIECE, 999, 999, " ")
    sources = [prompter.encode(SENTENCE, instruction.ENTITIES, ("person", "O")) for _ in range(2)]
    assert sources[0] == sources[1]
    turned = prompter.encode(SENTENCE, instruction.ENTITIES, ("O", "person"))
    assert [label.name for label in turned.spots] == ["O", "person"]


@pytest.mark.parametrize("tokenizer", [BYTES, WORDPIECE, METASPACE])
@pytest.mark.parametrize("separator", ["", " "])
def test_pieces_are_the_tokens_of_the_sentence(tokenizer: Tokenizer, separator: str) -> None:
    text = "New York, don't!"
    source = Prompter(tokenizer, 999, 999, separator).encode(text, instruction.ENTITIES)
    assert "".join(text[p.start : p.end] for p in source.pieces) == text.replace(" ", "")
    positions = [piece.position for piece in source.pieces]
    assert positions == list(range(positions[0], positions[0] + len(positions)))
    before, _ = tokenizer.encode(instruction.ENTITIES.before.strip())
    assert positions[0] == len(tokenizer.markers.prefix) + len(before)


def cases(source: Source) -> list[tuple[str, int]]:
    return [(source.text[p.start : p.end], source.cases[p.position]) for p in source.pieces]


def test_uncased_ids_have_cases() -> None:
    tokenizer = tiny_tokenizer(("kyrie", "nba", "iphone", "plays"))
    source = Prompter(tokenizer, 999, 999).encode(
        "Kyrie plays NBA iPhone Xy", instruction.EVENTS, ("Person",)
    )
    assert cases(source) == [
        ("Kyrie", 1),
        ("plays", 0),
        ("NBA", 2),
        ("iPhone", 3),
        ("X", 1),
        ("y", 0),
    ]
    inside = {piece.position for piece in source.pieces}
    assert not any(case for i, case in enumerate(source.cases) if i not in inside)


def test_cased_ids_need_no_cases() -> None:
    source = Prompter(byte_tokenizer(), 999, 999).encode("Kyrie NBA", instruction.EVENTS)
    assert set(source.cases) == {0}


@pytest.mark.parametrize("tokenizer", [BYTES, WORDPIECE])
def test_a_text_that_is_too_long_is_refused_not_cut(tokenizer: Tokenizer) -> None:
    source = Prompter(tokenizer, 999, 999, " ").encode(SENTENCE, instruction.ENTITIES)
    length = len(source.ids)
    # the space before a text can be a piece, which does not belong to the text
    own = sum(piece.end > 0 for piece in source.pieces)
    fits = Prompter(tokenizer, length, 999, " ")
    assert len(fits.encode(SENTENCE, instruction.ENTITIES, ("person",)).ids) > length
    with pytest.raises(TextTooLong) as raised:
        Prompter(tokenizer, length - 1, 999, " ").encode(SENTENCE, instruction.ENTITIES)
    assert f"the text has {own} tokens, at most {own - 1} fit" in str(raised.value)
    assert raised.value.limit == own - 1


def test_labels_that_do_not_fit_are_refused_not_cut() -> None:
    length = len(Prompter(BYTES, 999, 999).encode(SENTENCE, instruction.ENTITIES, ("a", "b")).ids)
    prompter = Prompter(BYTES, 999, length)
    assert len(prompter.encode(SENTENCE, instruction.ENTITIES, ("a", "b")).ids) == length
    with pytest.raises(LabelError) as raised:
        prompter.encode(SENTENCE, instruction.ENTITIES, ("a", "bc"))
    assert f"{length + 1} tokens, at most {length}" in str(raised.value)
    assert raised.value.field == "labels"


@pytest.mark.parametrize("label", ["", " ", "\u200b"])
def test_a_label_without_tokens_is_refused(label: str) -> None:
    with pytest.raises(LabelError, match="no tokens"):
        Prompter(WORDPIECE, 999, 999).encode("a", instruction.ENTITIES, ("person", label))


def test_tokens_left_includes_descriptions() -> None:
    descriptions = {"person": "somebody with a name", "place": ""}
    labels, roles = ("person", "place"), ("region",)
    prompter = Prompter(BYTES, 999, 200)
    left = prompter.tokens_left(instruction.ENTITIES, labels, roles, descriptions=descriptions)
    assert left < prompter.tokens_left(instruction.ENTITIES, labels, roles)
    fits = "x" * left
    encoded = prompter.encode(fits, instruction.ENTITIES, labels, roles, descriptions=descriptions)
    assert len(encoded.ids) == 200
    with pytest.raises(LabelError) as raised:
        prompter.encode(fits + "x", instruction.ENTITIES, labels, roles, descriptions=descriptions)
    assert raised.value.limit == left


@pytest.mark.parametrize("tokenizer", [BYTES, WORDPIECE, METASPACE])
@pytest.mark.parametrize("separator", ["", " "])
def test_a_context_comes_before_the_text_and_is_no_piece_of_it(
    tokenizer: Tokenizer, separator: str
) -> None:
    plain = Prompter(tokenizer, 999, 999, separator)
    prompter = plain.with_context(" Kyrie in New York \n")
    source = prompter.encode(SENTENCE, instruction.ENTITIES, ("person",))
    bare = plain.encode(SENTENCE, instruction.ENTITIES, ("person",))
    spans = [[(p.start, p.end, p.opens, p.closes) for p in s.pieces] for s in (source, bare)]
    assert spans[0] == spans[1] and source.text == SENTENCE
    by = len(source.ids) - len(bare.ids)
    assert {a.position - b.position for a, b in zip(source.pieces, bare.pieces, strict=True)} == {
        by
    }
    assert len(source.cases) == len(source.ids)
    rooms = [p.tokens_left(instruction.ENTITIES, ("person",)) for p in (plain, prompter)]
    assert rooms[0] - rooms[1] == by
    assert plain.with_context(" \n") == plain


def test_the_context_has_cases_and_the_text_begins_a_line() -> None:
    prompter = Prompter(WORDPIECE, 999, 999, " ", lines=True).with_context("New York")
    source = prompter.encode(SENTENCE, instruction.ENTITIES)
    first = source.pieces[0].position
    assert source.cases[first] >= instruction.LINE_START
    assert any(source.cases[:first]) and max(source.cases[:first]) < instruction.LINE_START
