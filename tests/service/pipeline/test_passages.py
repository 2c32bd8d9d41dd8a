from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.pipeline.passages import OVERLAP_TOKENS, passages_of
from tests.support.tokenizer import tiny_tokenizer

TOKENIZER = tiny_tokenizer()
TEXTS = st.text(alphabet=st.sampled_from("ab .\n-\u00e9\U0001f600\"'Dr1)"), max_size=400)


def pieces(text: str, most: int) -> list[str]:
    return [text[p.start : p.end] for p in passages_of(text, TOKENIZER, most)]


def test_a_text_that_fits_is_one_passage() -> None:
    text = "Ann met Bob.\n\nBob left."
    assert pieces(text, 100) == [text]


def test_passages_end_at_the_ends_of_sentences() -> None:
    text = "Ann met Bob. " * 12
    found = pieces(text, 12)
    assert len(found) > 1 and all(piece.endswith("Bob.") for piece in found)


def test_a_blank_line_is_preferred() -> None:
    text = "a a a a a a.\n\nb b. b b. b b. b b."
    assert pieces(text, 10)[0] == "a a a a a a."


def test_abbreviations_do_not_end_a_sentence() -> None:
    text = "Yesterday Dr. Lee met Bob. He left."
    whole = [end for piece in pieces(text, 8) for end in [piece[-3:]]]
    assert all("Dr." not in end for end in whole)


def test_a_sentence_that_does_not_fit_is_cut_between_words_with_an_overlap() -> None:
    text = " ".join(f"w{i}" for i in range(300))
    found = passages_of(text, TOKENIZER, 3 * OVERLAP_TOKENS)
    assert len(found) > 2
    for first, second in itertools.pairwise(found):
        assert first.start < second.start < second.fresh
        assert second.start <= first.end
        assert text[second.start - 1] == " " and text[first.end : first.end + 1] in ("", " ")


@given(TEXTS, st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_nothing_is_lost_and_every_passage_fits(text: str, most: int) -> None:
    found = passages_of(text, TOKENIZER, most)
    at = 0
    for passage in found:
        assert passage.start < passage.end <= len(text)
        assert passage.start <= passage.fresh
        assert not text[at : passage.start].strip()
        assert len(TOKENIZER.encode(text[passage.start : passage.end])[0]) <= most + 1
        at = max(at, passage.end)
    assert not text[at:].strip()
    assert list(found) == sorted(found, key=lambda p: p.start)


def test_a_blank_text_has_no_passages() -> None:
    assert passages_of(" \n\n ", TOKENIZER, 10) == ()


def test_a_passage_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        passages_of("a", TOKENIZER, 0)
