from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.source import Piece, Source, case_of, pieces_of
from tests.support.answers import TOKENIZERS, admissible_spans, encode, texts


def pieces(
    prompt: str, sentence: slice, offsets: list[tuple[int, int]]
) -> list[tuple[int, int, int, bool, bool]]:
    found = pieces_of(prompt, sentence, offsets, 1)
    return [(p.position, p.start, p.end, p.opens, p.closes) for p in found]


def test_offsets_count_from_the_sentence() -> None:
    assert pieces("say: ab c!", slice(5, 10), [(0, 3), (3, 4), (5, 7), (8, 9), (9, 10)]) == [
        (3, 0, 2, True, True),
        (4, 3, 4, True, True),
        (5, 4, 5, True, True),
    ]


def test_words_of_several_tokens_open_with_the_first_and_close_with_the_last() -> None:
    assert pieces("abc d", slice(0, 5), [(0, 1), (1, 2), (2, 3), (4, 5)]) == [
        (1, 0, 1, True, False),
        (2, 1, 2, False, False),
        (3, 2, 3, False, True),
        (4, 4, 5, True, True),
    ]


def test_pieces_exclude_spaces() -> None:
    assert pieces("say ab c ", slice(4, 9), [(0, 3), (3, 6), (6, 9)]) == [
        (2, 0, 2, True, True),
        (3, 3, 4, True, True),
    ]


def test_a_separate_space_opens_with_the_word_behind_it() -> None:
    assert pieces("say ab c", slice(4, 8), [(0, 3), (3, 4), (4, 6), (6, 7), (7, 8)]) == [
        (2, 0, 0, True, False),
        (3, 0, 2, False, True),
        (4, 3, 3, True, False),
        (5, 3, 4, False, True),
    ]


def test_a_space_before_another_space_opens_nothing() -> None:
    assert pieces("ab  c", slice(0, 5), [(0, 2), (2, 3), (3, 5)]) == [
        (1, 0, 2, True, True),
        (2, 3, 3, False, False),
        (3, 4, 5, True, True),
    ]


def test_of_tokens_that_share_a_character_the_first_opens_and_the_last_closes() -> None:
    assert pieces("日本", slice(0, 2), [(0, 1), (0, 1), (0, 1), (1, 2), (1, 2)]) == [
        (1, 0, 1, True, False),
        (2, 0, 1, False, False),
        (3, 0, 1, False, True),
        (4, 1, 2, True, False),
        (5, 1, 2, False, True),
    ]


def test_pieces_include_marks_that_a_tokenizer_drops() -> None:
    assert pieces("e\u0301 ❤\ufe0fa", slice(0, 6), [(0, 1), (3, 4), (5, 6)]) == [
        (1, 0, 2, True, True),
        (2, 3, 5, True, True),
        (3, 5, 6, True, True),
    ]
    # a mark with a token of its own, and a family emoji of two tokens
    assert pieces("e\u0301", slice(0, 2), [(0, 1), (1, 2)]) == [
        (1, 0, 2, True, False),
        (2, 1, 2, False, True),
    ]
    assert pieces("👩\u200d💻", slice(0, 3), [(0, 1), (2, 3)]) == [
        (1, 0, 3, True, False),
        (2, 2, 3, False, True),
    ]


def test_tokens_that_extend_beyond_the_text_are_left_out() -> None:
    assert pieces("xab cdPlease", slice(1, 6), [(0, 2), (2, 3), (4, 5), (5, 9)]) == [
        (2, 1, 2, False, True),
        (3, 3, 4, True, False),
    ]


def test_locate_finds_whole_pieces_only() -> None:
    source = encode(TOKENIZERS["bytes"], "Kyrie  the 日本 New日")
    spans = {(0, 5), (0, 10), (0, 12), (0, 13), (0, 17), (0, 18), (7, 10), (7, 12), (7, 13)}
    spans |= {(7, 17), (7, 18), (11, 12), (11, 13), (11, 17), (11, 18), (12, 13), (12, 17)}
    spans |= {(12, 18), (14, 17), (14, 18), (17, 18)}
    ends = range(len(source.text) + 2)
    assert {(s, e) for s in ends for e in ends if source.locate(s, e)} == spans


@settings(max_examples=60)
@given(text=texts(), name=st.sampled_from(sorted(TOKENIZERS)), separator=st.sampled_from(("", " ")))
def test_every_admissible_range_is_located_and_has_its_own_offsets(
    text: str, name: str, separator: str
) -> None:
    source = encode(TOKENIZERS[name], text, separator=separator)
    for first, stop in admissible_spans(source):
        start, end = source.pieces[first].start, source.pieces[stop - 1].end
        assert source.locate(start, end) == (first, stop)
        assert text[start:end] == text[start:end].strip() != ""


def test_locate_skips_no_token() -> None:
    left, right = Piece(0, 0, 1, True, True), Piece(2, 2, 3, True, True)
    source = Source("a b", (1, 2, 3), (0, 0, 0), (left, right))
    assert source.locate(0, 1) == (0, 1)
    assert source.locate(2, 3) == (1, 2)
    assert source.locate(0, 3) is None


@pytest.mark.parametrize(
    ("token", "case"),
    [
        ("kyrie", 0),
        ("", 0),
        ("42!", 0),
        ("日本", 0),
        ("Kyrie", 1),
        ("A", 1),
        ("'Tis", 1),
        ("Élan", 1),
        ("NBA", 2),
        ("U.S", 2),
        ("iPhone", 3),
        ("McDonald", 3),
        ("NBAs", 3),
    ],
)
def test_cases(token: str, case: int) -> None:
    assert case_of(token) == case
