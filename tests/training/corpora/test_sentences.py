from __future__ import annotations

import pytest

from training.corpora.sentences import split_sentences


def pieces(text: str, *whole: tuple[int, int]) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, whole)]


@pytest.mark.parametrize(
    "expected",
    [
        ["It fell.", "It rose!", "Why?", '"Nobody knows."', "We do."],
        ["Mr. Smith of ACME Inc. paid $3.5 million to J. Doe.", "He left."],
        ["Version 1.2 is fixed, e.g. Windows.", "“Patch now,” he said…", "(They did.)"],
        ["it ended. not so here", "A new line"],
    ],
)
def test_sentences_are_found(expected: list[str]) -> None:
    assert pieces(" ".join(expected[:-1]) + "  \n " + expected[-1]) == expected


def test_a_span_is_never_cut() -> None:
    text = "They hit Yahoo! Mail. It broke."
    assert pieces(text) == ["They hit Yahoo!", "Mail.", "It broke."]
    assert pieces(text, (9, 20)) == ["They hit Yahoo! Mail.", "It broke."]


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []
