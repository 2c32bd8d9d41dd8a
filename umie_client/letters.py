"""Text that every format can hold."""

from __future__ import annotations


def sound(text: str) -> str:
    """The text with a replacement character for each half of a surrogate pair."""
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
