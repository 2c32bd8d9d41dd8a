from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import base64_image
from schema.base64_image import decode_base64
from schema.errors import InvalidField
from service.http.bounded_json import parse_json

DATA = st.binary(min_size=1, max_size=200)


def _in_lines(text: str) -> str:
    return "\r\n".join(text[start : start + 60] for start in range(0, len(text), 60)) + "\n"


@given(DATA)
def test_base64_is_read_in_every_common_form(data: bytes) -> None:
    plain, url_safe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    forms = [plain, url_safe, plain.rstrip("="), url_safe.rstrip("="), _in_lines(plain)]
    forms += [f"data:image/png;base64,{form}" for form in forms]
    assert {decode_base64(form) for form in forms} == {data}
    assert {decode_base64(form.encode()) for form in forms} == {data}


@given(DATA, st.integers(1, 40))
def test_chunks_do_not_show(data: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base64_image, "_CHUNK_BYTES", size)
        assert decode_base64(_in_lines(base64.b64encode(data).decode())) == data


@given(st.binary(min_size=100, max_size=200))
def test_escapes_of_json_are_read(data: bytes) -> None:
    image = "data:image/jpeg;base64," + _in_lines(base64.b64encode(data).decode())
    body = json.dumps({"text": "a", "image": image}).replace("/", "\\/").encode()
    assert parse_json(body, 70) == {"text": "a", "image": data}


@pytest.mark.parametrize("text", ["!", "AAAAA", "AA==AAAA", "http://a.org/b.png", "ä", "A=A="])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        decode_base64(text)
