"""Where a span may begin and end: between words, never inside a user-perceived character."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
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
    """Whether a span may begin or end before code point `at` of `text`."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if _continues(after) or before == _JOINER or _flag_halves(text, at):
        return False
    return not (_spaced_word(before) and _spaced_word(after))


def end_of_character(text: str, end: int) -> int:
    """`end` moved behind the marks, joiners and modifiers that belong to the character before it."""
    while 0 < end < len(text) and (
        _continues(text[end]) or text[end - 1] == _JOINER or _flag_halves(text, end)
    ):
        end += 1
    return end


def _continues(char: str) -> bool:
    """Whether `char` belongs to the character before it: marks, selectors, joiners, skin tones."""
    return (
        unicodedata.category(char) in ("Mn", "Mc", "Me")
        or char == _JOINER
        or 0x1F3FB <= ord(char) <= 0x1F3FF
        or 0xE0020 <= ord(char) <= 0xE007F
    )


def _flag_halves(text: str, at: int) -> bool:
    """Whether `at` splits a flag, which is written as a pair of regional indicators."""
    run = at
    while run > 0 and _is_indicator(text[run - 1]):
        run -= 1
    return (at - run) % 2 == 1 and _is_indicator(text[at])


def _is_indicator(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _spaced_word(char: str) -> bool:
    # A combining mark at the end of a letter leaves the word going on behind it.
    if not (char.isalnum() or unicodedata.category(char) in ("Mn", "Mc")):
        return False
    code = ord(char)
    return not any(low <= code <= high for low, high in _UNSPACED)
