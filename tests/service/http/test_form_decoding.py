from __future__ import annotations

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from service.http.form_decoding import File, decode_multipart, decode_urlencoded
from tasks.errors import BodyTooLarge

MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"


def _part(head: bytes, value: bytes) -> bytes:
    return b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + value + b"\r\n"


FORM = (
    _part(b'name="text"', "Zürich".encode())
    + _part(b'name="image"; filename="a.png"', b"\x89PNG\r\n--\x00")
    + b"--x--\r\n"
)


def _fields(data: bytes, content_type: str = MULTIPART) -> dict[str, list[str | File]]:
    return decode_multipart(data, content_type, 8, 1000)


def test_fields_and_files() -> None:
    expected = {"text": ["Zürich"], "image": [File("a.png", b"\x89PNG\r\n--\x00")]}
    assert _fields(FORM) == expected
    assert _fields(b"preamble\r\n" + FORM + b"epilogue") == expected


@given(st.integers(0, len(FORM) - 5))
def test_a_form_that_is_cut_anywhere_is_refused(length: int) -> None:
    with pytest.raises(HTTPException) as caught:
        _fields(FORM[:length])
    assert caught.value.status_code == 400


def test_a_stated_charset_is_honoured() -> None:
    latin = "Zürich".encode("latin-1")
    assert _fields(_part(b'name="text"', latin) + b"--x--", f"{MULTIPART}; charset=latin-1") == {
        "text": ["Zürich"]
    }
    own = _part(b'name="text"\r\nContent-Type: text/plain; charset=windows-1252', latin)
    assert _fields(own + b"--x--")["text"] == ["Zürich"]
    first = _part(b'name="_charset_"', b"iso-8859-1") + _part(b'name="text"', latin)
    assert _fields(first + b"--x--") == {"text": ["Zürich"]}
    fields = decode_urlencoded(b"text=Z%FCrich+x", f"{URLENCODED}; charset=latin-1", 8, 1000)
    assert fields == {"text": ["Zürich x"]}


@pytest.mark.parametrize("charset", ["utf-8", "punycode", "unicode_escape", "klingon", "\0"])
def test_bytes_that_are_not_in_the_charset_are_refused(charset: str) -> None:
    for content_type, data in (
        (MULTIPART, _part(b'name="text"', b"Z\xfcrich") + b"--x--"),
        (URLENCODED, b"text=Z%FCrich"),
    ):
        decode = decode_multipart if content_type == MULTIPART else decode_urlencoded
        with pytest.raises(HTTPException) as caught:
            decode(data, f'{content_type}; charset="{charset}"', 8, 1000)
        assert caught.value.status_code == 400


def test_fields_have_bounds() -> None:
    many = _part(b'name="text"', b"a") * 9 + b"--x--"
    with pytest.raises(HTTPException):
        _fields(many)
    with pytest.raises(HTTPException):
        decode_urlencoded(b"a=1&" * 9, URLENCODED, 8, 1000)
    with pytest.raises(BodyTooLarge):
        _fields(_part(b'name="text"', b"a" * 1001) + b"--x--")
    with pytest.raises(BodyTooLarge):
        decode_urlencoded(b"a" * 1001, URLENCODED, 8, 1000)
