"""Comma-separated lists."""

from __future__ import annotations


def split(words: str) -> list[str]:
    """Split at commas and strip the items."""
    return [word.strip() for word in words.split(",")]
