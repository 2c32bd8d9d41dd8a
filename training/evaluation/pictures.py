"""A folder with the pictures of a corpus, by the corpus's ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from tasks.errors import DataError
from training.leakage import image_key

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class Pictures:
    """Files by id; empty if the pictures of a corpus are not available."""

    files: dict[str, Path]

    @classmethod
    def none(cls) -> Pictures:
        """No pictures."""
        return cls({})

    @classmethod
    def under(cls, folder: Path) -> Pictures:
        """The pictures in `folder` and its subfolders; raises `DataError` if there are none."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
        if not paths:
            raise DataError(f"{folder} has no pictures")
        return cls({image_key(path.name): path for path in paths})

    def of(self, image: str | None) -> Path | None:
        """The file of a picture; None if it is missing or unreadable."""
        path = self.files.get(image_key(image)) if image is not None else None
        return path if path is not None and _readable(path) else None

    def missing(self, images: Iterable[str | None]) -> int:
        """The number of distinct `images` that are missing."""
        return sum(self.of(image) is None for image in dict.fromkeys(images) if image is not None)

    def __bool__(self) -> bool:
        return bool(self.files)


@cache
def _readable(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, SyntaxError, ValueError):
        return False
    return True
