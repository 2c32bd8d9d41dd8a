from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.vision.proposers.noun_phrases import MAX_CHARS, MAX_PHRASES, noun_phrases

ALMOST_ANYTHING = st.text() | st.lists(
    st.sampled_from(
        ["Ann's", "the", "dog", "#WorldCup", "@bob", ".", "U.S.", "don\u2019t", "日本", "👍"]
    )
).map(" ".join)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        (
            "Eileen Collins was the first woman to command a NASA space shuttle",
            ["Eileen Collins", "woman", "command", "NASA", "space shuttle"],
        ),
        (
            "RT @nba: Kevin Durant enters Oracle Arena wearing shoes https://t.co/x #Warriors",
            ["Kevin Durant", "enters", "Oracle Arena", "shoes", "Warriors"],
        ),
        ("A man quickly throws his dog's ball", ["man", "throws", "dog", "ball"]),
        ("Dogs and cats , dogs and CATS", ["Dogs", "cats"]),
        ("a wedding near the building , red rings fixed", ["wedding", "building", "red rings"]),
        ("AT&T's boats &amp; Navy-blue hats; 42 more", ["AT&T", "boats", "Navy-blue", "hats"]),
        ("東京 の 写真", ["東京 の 写真"]),
        ("Это Красная Площадь", ["Это Красная Площадь"]),
        ("it was there", []),
        ("it was seen there", []),
        ("", []),
    ],
)
def test_noun_phrases_of_texts(text: str, phrases: list[str]) -> None:
    assert noun_phrases(text) == phrases


@given(ALMOST_ANYTHING)
def test_phrases_are_few_short_different_and_without_punctuation(text: str) -> None:
    phrases = noun_phrases(text)
    assert len(phrases) <= MAX_PHRASES
    assert len({phrase.casefold() for phrase in phrases}) == len(phrases)
    for phrase in phrases:
        assert 0 < len(phrase) <= MAX_CHARS and phrase == phrase.strip()
        assert not set(phrase) & set(".,;:!?[]")


def test_of_a_long_text_the_first_phrases_count() -> None:
    text = " ".join(f"Word{number} and" for number in range(1000))
    assert noun_phrases(text) == [f"Word{number}" for number in range(MAX_PHRASES)]


def test_of_a_long_run_the_end_counts() -> None:
    assert noun_phrases("old red wooden garden tool box") == ["red wooden garden tool box"]
