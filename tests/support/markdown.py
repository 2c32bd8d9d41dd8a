"""What stands in a Markdown page: fenced blocks, headings' anchors, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


class Block(NamedTuple):
    """A fenced block: its language and its text."""

    language: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def prose_of(page: Path) -> str:
    """A page without its fenced blocks and code spans."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors_of(page: Path) -> set[str]:
    """The anchors that a page's headings have, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    found: dict[str, int] = {}
    anchors = set()
    for title in re.findall(r"^#{1,6} (.+)$", text, re.M):
        bare = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", bare.strip().lower()).replace(" ", "-")
        count = found[anchor] = found.get(anchor, -1) + 1
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def links_of(page: Path) -> list[str]:
    """Where the links and pictures of a page point."""
    found: list[str] = re.findall(r"\[[^]]*\]\(([^)\s]+)(?:\s[^)]*)?\)", prose_of(page))
    return found


def commands_of(page: Path) -> list[str]:
    """The commands in a page's shell blocks; one that goes on over several lines is one."""
    text = "\n".join(block.text for block in blocks_of(page) if block.language == "sh")
    lines = re.sub(r" *\\\n\s*", " ", text).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
