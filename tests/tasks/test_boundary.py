from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.boundary import end_of_character, is_boundary
from tests.support.answers import texts

# "|" marks every position where a span may start or end
TABLE = [
    "|Kyrie| |Irving|",
    "|Kyrie|'|s| |U|.|S|.| |tour|-|24|!|",
    "|@|user|_|1| |#|NBA2017|",
    "|cafe\u0301| |café|",  # a letter with its mark, in two code points and in one
    "|e\u0301|.|",
    "|\u0301|abc|",  # a mark without a letter
    "| \u0301|abc|",
    "|Füße| |№|5|",
    "|I| |❤️|NY|",
    "|❤️|Kyrie|❤️|",
    "|1️⃣|2️⃣|Kyrie|",
    "|3\u20e3|Kyrie|",
    "|👍🏽|👍|👍🏿|",
    "|👨‍👩‍👧|👩‍💻|go|",
    "|🏳️‍🌈|win|",
    "|🇩🇪|🇫🇷|🇺|",
    "|a|🇩🇪|b|🇫🇷|",
    "|🏴\U000e0067\U000e0062\U000e007f|🏴|",
    "|日|本|語|a1|日|",
    "|カ\u3099|ア|ー|",
    "|ｶﾞｷ|",
    "|น้ำ|ไ|ท|ย|",
    "|ກຳ|ກ|",
    "|서울에서| |각각|",
    "|\u1109\u1165\u110b\u116e\u11af|",
    "|हिन्दी| |क्षि|",
    "|क्\u200dष| |\u0645\u06cc\u200c\u062e\u0648|",  # Persian: joiners inside words
    "|привет|,| |мир|",
    "|a\u200d| |b|",  # a joiner at the end of a word
    "|a|\u200b|b|",
    "| |\n|\t|\u3000|",
    "|",
]
CHARACTERS = "a1 .\n\u0301\u200c\u200d\ufe0f\u20e3❤👩💻👍🏽🇩🇪🏴\U000e0067日าำ้서क\u094dｶﾞ\u200b"


@pytest.mark.parametrize("marked", TABLE)
def test_spans_start_and_end_between_words_and_characters(marked: str) -> None:
    text = marked.replace("|", "")
    places = [place for place, char in enumerate(marked) if char == "|"]
    expected = [place - index for index, place in enumerate(places)]
    assert [at for at in range(len(text) + 1) if is_boundary(text, at)] == expected


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("e\u0301a", 1, 2),
        ("ea", 1, 1),
        ("👨‍👩‍👧a", 1, 5),
        ("👍🏽a", 1, 2),
        ("🇩🇪🇫🇷", 1, 2),
        ("🇩🇪🇫🇷", 2, 2),
        ("น้ำa", 1, 3),
        ("a\u200d b", 1, 2),
        ("a\u0301", 1, 2),
        ("a", 1, 1),
        ("\u0301a", 0, 0),
    ],
)
def test_a_character_ends_behind_its_marks_and_modifiers(
    text: str, end: int, expected: int
) -> None:
    assert end_of_character(text, end) == expected


@given(texts() | st.text(CHARACTERS, max_size=8), st.data())
def test_the_end_of_a_character_is_inside_no_other(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    end = end_of_character(text, at)
    assert at <= end <= len(text)
    assert end_of_character(text, end) == end
    assert not text[at:end].isspace()
    if is_boundary(text, at):
        assert end == at
