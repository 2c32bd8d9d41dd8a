from __future__ import annotations

from pathlib import Path

import pytest

from export.t5_tokenizer import read_t5_tokenizer
from tasks import form, instruction
from tasks.frontier import replay
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton
from tasks.linearise import linearise
from tasks.records import Record, Span
from tasks.target import target_of
from tasks.tokenizer import CompactTokenizer, T5Tokenizer
from tests.support.sentencepiece import SIZE, tokenizer_folder
from tests.support.tokenizer import tiny_tokenizer


@pytest.fixture
def t5(tmp_path: Path) -> T5Tokenizer:
    return read_t5_tokenizer(tokenizer_folder(tmp_path / "t5"), SIZE)


def substrings(text: str, offsets: list[tuple[int, int]]) -> list[str]:
    """The substrings of `text` at the offsets."""
    return [text[start:end] for start, end in offsets]


def test_offsets_exclude_the_space_before_a_piece(t5: T5Tokenizer) -> None:
    text = "Give the  person"
    ids, offsets = t5.encode(text)
    assert substrings(text, offsets) == ["Give", "the", "person"]
    assert len(ids) == 3 and t5.cased


def test_a_separate_space_is_empty_and_at_the_start_of_the_next_piece(t5: T5Tokenizer) -> None:
    text = "in Oslo"
    ids, offsets = t5.encode(text)
    assert substrings(text, offsets) == ["in", "", "O", "s", "l", "o"]
    assert offsets[1] == (3, 3) and offsets[2] == (3, 4)
    assert t5.decode(ids) == text
    assert t5.encode("Oslo")[1][0] == (0, 0)


@pytest.mark.parametrize("marker", ["<extra_id_0>", "<spot>", "</s>", "<pad>"])
def test_the_text_of_a_marker_is_not_a_marker(t5: T5Tokenizer, marker: str) -> None:
    text = f"in {marker} Oslo {marker}"
    ids, offsets = t5.encode(text)
    controls = {*range(2), *range(SIZE - 102, SIZE)}
    assert controls.isdisjoint(ids)
    assert "".join(substrings(text, offsets)) == text.replace(" ", "")


def test_marked_strings_have_markers_without_spaces_around(t5: T5Tokenizer) -> None:
    markers = t5.markers
    person, location = t5.encode("person")[0], t5.encode("location")[0]
    ids = t5.encode_marked("<extra_id_0>  <extra_id_0> person <extra_id_5>in<extra_id_1></s>")
    opened = [markers.open, markers.open]
    inside = [*person, markers.colon, *t5.encode("in")[0]]
    assert ids == [*opened, *inside, markers.close, markers.eos]
    ids = t5.encode_marked("<spot> person <asoc> location")
    assert ids == [markers.spot, *person, markers.asoc, *location]


def test_decoding_keeps_markers_and_puts_spaces_around_those_of_the_schema(t5: T5Tokenizer) -> None:
    spelled = "<extra_id_0><extra_id_0> person<extra_id_5> New er<extra_id_1><extra_id_1></s>"
    assert t5.decode(t5.encode_marked(spelled)) == spelled
    prompt = "Give the text: in</s> <spot> person <spot> location <asoc> in"
    assert t5.decode(t5.encode_marked(prompt)) == prompt
    assert t5.decode([]) == ""


def test_regions_consist_of_pieces(t5: T5Tokenizer) -> None:
    assert len(t5.markers.regions) == 36
    assert [t5.decode(list(ids)) for ids in t5.markers.regions[:12:11]] == ["O1", "O12"]
    assert t5.markers.regions[2] == tuple(t5.encode("O3")[0])


def test_a_saved_tokenizer_is_the_same(t5: T5Tokenizer, tmp_path: Path) -> None:
    t5.save(tmp_path / "tokenizer.json")
    again = T5Tokenizer.load(tmp_path / "tokenizer.json")
    text = "Give the text: </s> person"
    assert again.markers == t5.markers and again.encode(text) == t5.encode(text)


def test_a_tokenizer_without_the_markers_is_refused(tmp_path: Path) -> None:
    tiny_tokenizer().save(tmp_path / "tokenizer.json")
    with pytest.raises(ValueError, match="has no <unk>"):
        T5Tokenizer.load(tmp_path / "tokenizer.json")
    (tmp_path / "tokenizer.json").write_text('{"version":', encoding="utf-8")
    with pytest.raises(ValueError, match="no tokenizer file"):
        CompactTokenizer.load(tmp_path / "tokenizer.json")


def test_the_compact_tokenizer_does_not_make_markers_of_text() -> None:
    tokenizer = tiny_tokenizer(["person"])
    ids, offsets = tokenizer.encode("[SEP] Person")
    assert tokenizer.markers.eos not in ids
    assert offsets[-1] == (6, 12) and not tokenizer.cased


def test_the_compact_tokenizer_has_one_token_per_region(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.save(tmp_path / "tokenizer.json")
    again = CompactTokenizer.load(tmp_path / "tokenizer.json")
    assert again.markers == tokenizer.markers
    assert {len(ids) for ids in again.markers.regions} == {1}
    assert len({*again.markers.regions}) == 36


def test_spans_that_start_with_a_separate_space_are_admissible(t5: T5Tokenizer) -> None:
    text = "Oslo attack in New Oslo"
    source = Prompter(t5, 256, 256).encode(text, instruction.ENTITIES, ["person", "location"])
    automaton = LabelFirstAutomaton(source, form.ENTITIES, t5.markers)
    records = (
        Record("location", Span.of(text, 0, 4)),
        Record("person", Span.of(text, 5, 11)),
        Record("location", Span.of(text, 15, 23)),
    )
    ids = [symbol.token for symbol in target_of(automaton, records)]
    spelled = f"{linearise(records)}</s>"
    assert ids == t5.encode_marked(spelled)
    assert replay(automaton, ids) == records


def test_a_long_text_is_encoded_as_a_short_one_is(t5: T5Tokenizer) -> None:
    for tokenizer in (t5, tiny_tokenizer()):
        line = "Ann met Bob in Z\u00fcrich.\n"
        ids, offsets = tokenizer.encode(line)
        count = 5000 // len(line)
        long_ids, long_offsets = tokenizer.encode(line * count)
        assert len(line) * count > 4096
        assert long_ids[: len(ids)] == ids and long_offsets[: len(offsets)] == offsets
        assert long_offsets[-1][1] <= len(line) * count
        assert abs(len(long_ids) - count * len(ids)) <= count
