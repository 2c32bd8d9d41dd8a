from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from service.vision.decoding import decode
from service.vision.directory_parts import MOST_NUMBERS, MOST_TAGS, check_directories
from tasks.errors import ImageDamaged
from tests.service.fakes import picture_bytes

EXIF, RATIONAL, LONG, UNDEFINED = 0x8769, 5, 4, 7


def directory(order: str, *tags: tuple[int, int, int, int], big: bool = False) -> bytes:
    entry, head = ("HHQQ", "Q") if big else ("HHLL", "H")
    body = struct.pack(f"{order}{head}", len(tags))
    return body + b"".join(struct.pack(f"{order}{entry}", *tag) for tag in tags) + b"\0" * 8


def tiff(content: bytes, order: str = "<", big: bool = False) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if big:
        return mark + struct.pack(f"{order}HHHQ", 43, 8, 0, 16) + content
    return mark + struct.pack(f"{order}HL", 42, 8) + content


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_numbers_are_counted_and_bytes_are_not(order: str, big: bool) -> None:
    check_directories(tiff(directory(order, (700, UNDEFINED, 10**6, 0), big=big), order, big))
    many = tiff(directory(order, (282, RATIONAL, 2 * MOST_NUMBERS, 0), big=big), order, big)
    with pytest.raises(ImageDamaged, match=f"too many tag numbers, at most {MOST_NUMBERS} "):
        check_directories(many + bytes(2 * MOST_NUMBERS))


def test_directories_in_directories_are_followed() -> None:
    first = directory("<", (EXIF, LONG, 1, 100))
    second = directory("<", (33434, RATIONAL, 2 * MOST_NUMBERS, 0))
    data = tiff(first).ljust(100, b"\0") + second + bytes(2 * MOST_NUMBERS)
    with pytest.raises(ImageDamaged, match="too many tag numbers"):
        check_directories(data)
    with pytest.raises(ImageDamaged, match="too many tag numbers"):
        check_directories(b"Exif\0\0" + data)


def test_a_directory_that_names_itself_ends() -> None:
    check_directories(tiff(directory("<", (EXIF, LONG, 1, 8))))


def test_tags_are_counted() -> None:
    tags = [(number, LONG, 1, 0) for number in range(MOST_TAGS + 1)]
    check_directories(tiff(directory("<", *tags[:-1])))
    with pytest.raises(ImageDamaged, match=f"too many tags.* at most {MOST_TAGS} "):
        check_directories(tiff(directory("<", *tags)))


def test_what_is_no_directory_is_left_to_the_decoder() -> None:
    whole = picture_bytes(file_format="TIFF")
    for data in (b"", b"II", b"JUNK" * 9, *(whole[:end] for end in range(len(whole)))):
        check_directories(data)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF"])
def test_exif_data_of_any_format_are_checked(file_format: str) -> None:
    rationals = struct.pack("<LL", 1, 3) * (MOST_NUMBERS + 1)
    content = directory("<", (282, RATIONAL, MOST_NUMBERS + 1, 100))
    exif = tiff(content).ljust(100, b"\0") + rationals
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, file_format, exif=b"Exif\0\0" + exif)
    with pytest.raises(ImageDamaged, match="too many tag numbers"):
        decode(buffer.getvalue(), max_pixels=1_000_000)
