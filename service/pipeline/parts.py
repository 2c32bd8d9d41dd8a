"""The parts of a request: which texts are read, and each with which picture.

A text is read with the picture of its own part, else with the nearest one. Of two that are equally
near it is the one before the text where the request begins with a picture, since then every text
follows its picture, and the one behind it elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.pipeline.validated_requests import DocumentPart, ExtractionRequest


@dataclass(frozen=True, slots=True)
class Section:
    """A text of a request.

    Attributes:
        part: the index of its part.
        picture: the index of the part whose picture it is read with, or None.
        request: the request for this text alone.
    """

    part: int
    picture: int | None
    request: ExtractionRequest


def parts_of(request: ExtractionRequest) -> tuple[DocumentPart, ...]:
    """The parts of a request; one of the old form has one."""
    return request.parts or (DocumentPart(request.text, request.image),)


def sections_of(request: ExtractionRequest) -> list[Section]:
    """The texts of a request that are not blank, in order."""
    parts = parts_of(request)
    pictures = [at for at, part in enumerate(parts) if part.image is not None]
    sections = []
    for at, part in enumerate(parts):
        if part.text.strip():
            picture = nearest(pictures, at)
            image = None if picture is None else parts[picture].image
            alone = replace(request, text=part.text, image=image, parts=None)
            sections.append(Section(at, picture, alone))
    return sections


def nearest(pictures: Sequence[int], at: int) -> int | None:
    """The index of the picture that the text of part `at` is read with; None without pictures.

    Args:
        pictures: the indices of the parts with a picture, ascending.
        at: the index of the text's part.
    """
    if not pictures:
        return None
    first_before = pictures[0] == 0
    return min(pictures, key=lambda index: (abs(index - at), (index > at) == first_before))
