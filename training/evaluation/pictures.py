"""A folder with a corpus's pictures, found by the ids that the corpus gives them."""

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
    """Files by id; without any where a corpus's pictures are not at hand."""

    files: dict[str, Path]

    @classmethod
    def none(cls) -> Pictures:
        """No pictures."""
        return cls({})

    @classmethod
    def under(cls, folder: Path) -> Pictures:
        """Those in `folder` and the folders in it; raises `DataError` if there are none."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
        if not paths:
            raise DataError(f"{folder} has no pictures")
        return cls({image_key(path.name): path for path in paths})

    def of(self, image: str | None) -> Path | None:
        """The file of a picture; None where it is missing, or is no picture that can be read."""
        path = self.files.get(image_key(image)) if image is not None else None
        return path if path is not None and _readable(path) else None

    def missing(self, images: Iterable[str | None]) -> int:
        """How many different ones of `images` are not here."""
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
