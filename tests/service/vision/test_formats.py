from __future__ import annotations

import pytest

from service.vision.formats import format_of
from tests.service.fakes import picture_bytes
from tests.support.heic_files import heic


@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "MPO"]
)
def test_a_format_is_told_by_the_first_bytes(name: str) -> None:
    data = heic("noise-RGB") if name == "HEIF" else picture_bytes(file_format=name)
    assert format_of(data) == ("JPEG" if name == "MPO" else name)
    assert format_of(data[1:]) is None


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        (b"heic\0\0\0\0mif1heic", "HEIF"),
        (b"mif1\0\0\0\0mif1avif", "AVIF"),
        (b"mif1\0\0\0\0mif1heix", "HEIF"),
        (b"mif1\0\0\0\0mif1", "HEIF"),
        (b"isom\0\0\0\0mp42avc1", None),
        (b"qt  \0\0\0\0qt  ", None),
    ],
)
def test_boxes_are_told_apart_by_their_brands(brands: bytes, name: str | None) -> None:
    head = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert format_of(head + b"\0" * 64) == name


@pytest.mark.parametrize(
    "text", [b"", b"BMW builds cars in Munich.", b"II. The second", b"GIF", b"II*", b"BM"]
)
def test_texts_and_cut_heads_are_no_pictures(text: bytes) -> None:
    assert format_of(text) is None
