"""Decodes an image that a request sends as base64."""

from __future__ import annotations

import binascii
import re
from contextlib import suppress

from schema.errors import InvalidField

_CHUNK_BYTES = 1024 * 1024
_ESCAPES = ((rb"\/", b"/"), (rb"\n", b""), (rb"\r", b""), (rb"\t", b""))
_BACKSLASH = ord("\\")
_DATA_URI = re.compile(rb"\s*data:[^,]{0,200}?;base64,", re.IGNORECASE)
_PREFIX_BYTES = 256
_SPACES = b" \t\r\n\f\v"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def decode_base64(text: str | bytes | memoryview, *, escaped: bool = False) -> bytes:
    """Decode base64.

    A data URI prefix, line breaks, the URL-safe alphabet and missing padding are accepted.

    Args:
        text: the base64 characters, as a string or as ASCII bytes.
        escaped: whether `text` is the raw content of a JSON string, with JSON escapes in it.

    Returns:
        The decoded bytes.

    Raises:
        InvalidField: `text` is not base64.
    """
    if isinstance(text, str):
        if not text.isascii():
            raise _fault()
        text = text.encode()
    view = memoryview(text)
    prefix = _DATA_URI.match(_plain(view[:_PREFIX_BYTES], escaped))
    if prefix is not None:
        view = view[bytes(view[:_PREFIX_BYTES]).index(b",") + 1 :]
    if len(view) <= _CHUNK_BYTES:
        with suppress(ValueError):
            return binascii.a2b_base64(view, strict_mode=True)
    return _decode_chunks(view, escaped)


def _decode_chunks(text: memoryview, escaped: bool) -> bytes:
    """Decode chunk by chunk, so that the extra memory is that of one chunk.

    `a2b_base64` holds the interpreter lock; between chunks other threads can run.
    """
    decoded, rest, position = bytearray(), b"", 0
    try:
        while position < len(text):
            end = min(position + _CHUNK_BYTES, len(text))
            if escaped and end < len(text) and text[end - 1] == _BACKSLASH:
                end += 1
            plain = _plain(text[position:end], escaped)
            rest += plain.translate(_URL_SAFE, delete=_SPACES)
            whole = max(0, len(rest) - 1) // 4 * 4  # the last four characters may be padded
            if b"=" in rest[:whole]:
                raise _fault()
            decoded += binascii.a2b_base64(rest[:whole], strict_mode=True)
            rest, position = rest[whole:], end
        rest = rest.rstrip(b"=")
        decoded += binascii.a2b_base64(rest + b"=" * (-len(rest) % 4), strict_mode=True)
    except ValueError as error:
        raise _fault() from error
    return bytes(decoded)


def _plain(text: memoryview, escaped: bool) -> bytes:
    plain = bytes(text)
    for escape, byte in _ESCAPES if escaped else ():
        plain = plain.replace(escape, byte)
    return plain


def _fault() -> InvalidField:
    return InvalidField("image must be base64", field="image")
