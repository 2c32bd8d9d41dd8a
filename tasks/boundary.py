"""Boundaries of spans: between words, never inside a grapheme cluster.

Grapheme clusters are those of Unicode annex 29, as far as the project's texts need them: marks,
joined emoji, skin tones, flags.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
# These extend the character before them but are not marks: the non-joiner of Persian and Indic
# scripts, the vowel AM of Thai and Lao, halfwidth voicing marks.
_EXTENDING = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
# Scripts written without spaces: every character boundary may be a word boundary.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK
    (0xF900, 0xFAFF),  # CJK compatibility
    (0x20000, 0x323AF),  # CJK extensions B to H
)


def is_boundary(text: str, at: int) -> bool:
    """Whether a span may start or end before code point `at` of `text`."""
    if at <= 0 or at >= len(text):
        return True
    if _inside_character(text, at):
        return False
    return not (_ends_spaced_word(text, at) and _is_spaced(text[at]))


def end_of_character(text: str, end: int) -> int:
    """Return `end`, moved behind the marks, joiners and modifiers of the character before it."""
    while 0 < end < len(text) and _inside_character(text, end):
        end += 1
    return end


def _inside_character(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if _continues(after) or (before == _JOINER and not after.isspace()):
        return True
    return _is_indicator(after) and _indicators_before(text, at) % 2 == 1


def _continues(char: str) -> bool:
    """Whether `char` belongs to the character before it: marks, selectors, joiners, skin tones."""
    return (
        unicodedata.category(char) in ("Mn", "Mc", "Me")
        or char in _EXTENDING
        or 0x1F3FB <= ord(char) <= 0x1F3FF
        or 0xE0020 <= ord(char) <= 0xE007F
    )


def _indicators_before(text: str, at: int) -> int:
    """How many regional indicators end at `at`; a flag is a pair of them."""
    start = at
    while start > 0 and _is_indicator(text[start - 1]):
        start -= 1
    return at - start


def _is_indicator(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _ends_spaced_word(text: str, at: int) -> bool:
    """Whether the character before `at` is a letter or digit, with or without marks.

    With an enclosing mark it is a symbol, such as the keycap of a digit.
    """
    base = at - 1
    while base > 0 and _continues(text[base]):
        if unicodedata.category(text[base]) == "Me":
            return False
        base -= 1
    return _is_spaced(text[base])


def _is_spaced(char: str) -> bool:
    code = ord(char)
    return char.isalnum() and not any(low <= code <= high for low, high in _UNSPACED)
