from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.extraction import Task
from service.pipeline.parts import nearest, sections_of
from service.pipeline.validated_requests import DocumentPart, ExtractionRequest
from tests.service.fakes import ONTOLOGY

TEXT, PICTURE, BOTH = DocumentPart("a", None), DocumentPart("", b"p"), DocumentPart("a", b"p")


def _pictures(*parts: DocumentPart) -> list[tuple[int, int | None]]:
    request = ExtractionRequest("", None, frozenset(Task), ONTOLOGY, parts=parts)
    return [(section.part, section.picture) for section in sections_of(request)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((TEXT, TEXT), [(0, None), (1, None)]),
        ((TEXT, PICTURE, TEXT, PICTURE, TEXT), [(0, 1), (2, 3), (4, 3)]),
        ((PICTURE, TEXT, PICTURE, TEXT), [(1, 0), (3, 2)]),
        ((BOTH, TEXT, BOTH), [(0, 0), (1, 0), (2, 2)]),
        ((TEXT, TEXT, TEXT, PICTURE), [(0, 3), (1, 3), (2, 3)]),
        ((PICTURE, PICTURE), []),
        ((DocumentPart(" \n", b"p"), TEXT), [(1, 0)]),
    ],
)
def test_a_text_is_read_with_its_own_picture_or_the_nearest(
    parts: tuple[DocumentPart, ...], expected: list[tuple[int, int | None]]
) -> None:
    assert _pictures(*parts) == expected


@given(st.lists(st.integers(0, 63), unique=True).map(sorted), st.integers(0, 63))
def test_no_picture_is_nearer(pictures: list[int], at: int) -> None:
    found = nearest(pictures, at)
    assert (found is None) == (not pictures)
    if found is not None:
        assert abs(found - at) == min(abs(index - at) for index in pictures)


def test_the_old_form_is_one_part() -> None:
    request = ExtractionRequest("Ann", b"p", frozenset(Task), ONTOLOGY)
    (section,) = sections_of(request)
    assert (section.part, section.picture, section.request) == (0, 0, request)
