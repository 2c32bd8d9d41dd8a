from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.document import Argument, Document, Event, Mention, Relation
from training.corpora.windows import cut, windows

TEXTS = st.text(alphabet="aB .\n", max_size=120)


def test_sentences_share_a_window_while_there_is_room() -> None:
    text = "One two. Three four.\nFive six seven. Eight."
    pieces = [text[start:end] for start, end in windows(text, [], 4)]
    assert pieces == ["One two. Three four.", "Five six seven. Eight."]


def test_a_long_sentence_is_cut_between_words_but_not_in_a_span() -> None:
    text = "a b c d e f g h"
    assert [text[s:e] for s, e in windows(text, [], 3)] == ["a b c", "d e f", "g h"]
    assert [text[s:e] for s, e in windows(text, [(4, 9)], 3)] == ["a b", "c d e", "f g h"]


@given(TEXTS, st.integers(1, 8), st.data())
def test_windows_keep_every_word_and_span(text: str, words: int, data: st.DataObject) -> None:
    places = [k for k, letter in enumerate(text) if not letter.isspace()]
    spans = []
    if places:
        first = data.draw(st.sampled_from(places))
        spans = [(first, data.draw(st.sampled_from([p for p in places if p >= first])) + 1)]
    found = windows(text, spans, words)
    assert " ".join(text[s:e] for s, e in found).split() == text.split()
    for start, end in found:
        assert text[start:end] == text[start:end].strip() != ""
    assert all(any(s <= a and b <= e for s, e in found) for a, b in spans)
    if not spans:
        assert all(len(text[s:e].split()) <= words for s, e in found)


@pytest.mark.parametrize("pairs", [False, True])
def test_offsets_and_ends_are_counted_anew(pairs: bool) -> None:
    mentions = (Mention(0, 3, "x"), Mention(10, 13, "x"), Mention(18, 21, "x"))
    document = Document(
        text="Ada left. Bob met Cem.",
        corpus="made up",
        split="train",
        ontology="o",
        entities=None if pairs else mentions,
        pair_mentions=mentions if pairs else (),
        relations=(Relation("met", 1, 2), Relation("none", 0, 1)),
        events=(Event("meet", 14, 17, (Argument("a", 10, 13), Argument("b", 0, 3))),),
    )
    first, second = cut(document, 3)
    assert (first.text, first.relations, first.events) == ("Ada left.", (), ())
    assert second.text == "Bob met Cem."
    assert second.mentions == (Mention(0, 3, "x"), Mention(8, 11, "x"))
    assert second.relations == (Relation("met", 0, 1),)
    assert second.events == (Event("meet", 4, 7, (Argument("a", 0, 3),)),)
    assert (second.entities is None) == pairs
