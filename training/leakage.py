"""Removes documents of reported test splits from training data.

GMNER is a new split of Twitter-2015 and Twitter-2017, MNRE's versions overlap, and posts are
reposted: a document is a leak if its picture or its text occurs in a reported split of any corpus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tasks.document import Document

_PICTURES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Leaks:
    """The number of leaks in a corpus, by picture and by text; a document can count as both."""

    total: int
    by_image: int
    by_text: int


def image_key(image: str) -> str:
    """The name of a picture without folder and suffix: corpora differ in both."""
    path = PurePosixPath(image.strip().removeprefix("IMGID:"))
    return path.stem if path.suffix.lower() in _PICTURES else path.name


def text_key(text: str) -> str:
    """A text without case and white space: corpora tokenize the same text differently."""
    return "".join(text.casefold().split())


def drop_leaks(documents: Iterable[Document], reported: Iterable[Document]) -> list[Document]:
    """The documents whose picture and text do not occur in `reported`, in their order."""
    signs = _Signs.of(reported)
    return [d for d in documents if not signs.image(d) and not signs.text(d)]


def count_leaks(documents: Iterable[Document], reported: Iterable[Document]) -> dict[str, Leaks]:
    """Count what `drop_leaks` would drop, by corpus."""
    signs = _Signs.of(reported)
    found: dict[str, list[tuple[bool, bool]]] = {}
    for document in documents:
        found.setdefault(document.corpus, []).append((signs.image(document), signs.text(document)))
    return {
        corpus: Leaks(
            total=sum(image or text for image, text in rows),
            by_image=sum(image for image, _ in rows),
            by_text=sum(text for _, text in rows),
        )
        for corpus, rows in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Signs:
    images: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, reported: Iterable[Document]) -> _Signs:
        listed = list(reported)
        return cls(
            frozenset(image_key(d.image) for d in listed if d.image is not None),
            frozenset(text_key(d.text) for d in listed),
        )

    def image(self, document: Document) -> bool:
        return document.image is not None and image_key(document.image) in self.images

    def text(self, document: Document) -> bool:
        return text_key(document.text) in self.texts
