"""Lists as people type them."""

from __future__ import annotations


def split(words: str) -> list[str]:
    """Words between commas, without the space around them."""
    return [word.strip() for word in words.split(",")]
