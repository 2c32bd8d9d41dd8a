"""Decode the bytes of a form to fields: `multipart/form-data` (RFC 7578) and urlencoded.

The whole body is already in memory, so parts are found by searching for the boundary. A form that
is truncated before its last boundary is refused, and so are fields that do not decode in their
character set.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException
from python_multipart.multipart import parse_options_header

from tasks.errors import BodyTooLarge

_MAX_PART_HEAD_BYTES = 4096
_MAX_BOUNDARY_BYTES = 200
MAX_FILES = 3
_CHARSETS = frozenset(
    [
        "utf-8",
        "ascii",
        "iso8859-1",
        "iso8859-2",
        "iso8859-3",
        "iso8859-4",
        "iso8859-5",
        "iso8859-6",
        "iso8859-7",
        "iso8859-8",
        "iso8859-9",
        "iso8859-10",
        "iso8859-11",
        "iso8859-13",
        "iso8859-14",
        "iso8859-15",
        "iso8859-16",
        "cp1250",
        "cp1251",
        "cp1252",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "cp874",
        "koi8-r",
        "koi8-u",
        "mac-roman",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "shift_jis",
        "cp932",
        "euc_jp",
        "iso2022_jp",
        "euc_kr",
        "cp949",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "big5hkscs",
    ]
)


@dataclass(frozen=True, slots=True)
class File:
    """A part that was sent as a file; `name` is empty where the client sent none."""

    name: str
    data: bytes


class Fields(dict[str, list[str | File]]):
    """For each name its values, and in `sent` all fields in the order in which they were sent."""

    def __init__(self) -> None:
        """Create it without fields."""
        super().__init__()
        self.sent: list[tuple[str, str | File]] = []

    def add(self, name: str, value: str | File) -> None:
        """Add a field."""
        self.setdefault(name, []).append(value)
        self.sent.append((name, value))


@dataclass(frozen=True, slots=True)
class _Part:
    name: bytes
    file_name: bytes | None
    charset: str | None
    data: bytes


def decode_multipart(
    data: bytes,
    content_type: str,
    max_fields: int,
    max_text_bytes: int,
    max_files: int = MAX_FILES,
) -> Fields:
    """Decode a multipart form.

    Args:
        data: the body.
        content_type: the request's media type with its boundary and, optionally, its charset.
        max_fields: limit for the parts that are not files.
        max_text_bytes: limit for the bytes of all parts that are not files.
        max_files: limit for the parts that are files.

    Raises:
        HTTPException: 400 where the form is malformed or truncated, or a field does not decode.
        BodyTooLarge: the plain fields have more bytes.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        _malformed("the media type has no boundary")
    charset = options.get(b"charset", b"utf-8").decode("latin-1")
    fields = Fields()
    files = plain = text_bytes = 0
    for start, end in _parts(data, boundary, max_fields + max_files):
        part = _part(data, start, end)
        if part.file_name is None:
            plain, text_bytes = plain + 1, text_bytes + len(part.data)
        else:
            files += 1
        if plain > max_fields or files > max_files:
            _malformed(f"it must have at most {max_fields} fields and {max_files} files")
        if text_bytes > max_text_bytes:
            _too_large(max_text_bytes)
        name = _decoded(part.name, charset, "a field's name")
        if name == "_charset_" and part.file_name is None:
            charset = _decoded(part.data, "ascii", name).strip()
            continue
        fields.add(name, _value(part, name, charset))
    return fields


def decode_urlencoded(
    data: bytes, content_type: str, max_fields: int, max_text_bytes: int
) -> Fields:
    """Decode an urlencoded form; arguments and errors are those of `decode_multipart`."""
    if len(data) > max_text_bytes:
        _too_large(max_text_bytes)
    _, options = parse_options_header(content_type)
    charset = options.get(b"charset", b"utf-8").decode("latin-1")
    if data.count(b"&") >= max_fields:
        _malformed(f"it must have at most {max_fields} fields")
    fields = Fields()
    for pair in data.split(b"&"):
        if not pair:
            continue
        sent_name, _, sent_value = pair.replace(b"+", b" ").partition(b"=")
        name = _decoded(unquote_to_bytes(sent_name), charset, "a field's name")
        value = _decoded(unquote_to_bytes(sent_value), charset, name)
        if name == "_charset_":
            charset = value.strip()
            continue
        fields.add(name, value)
    return fields


def _parts(data: bytes, boundary: bytes, max_parts: int) -> list[tuple[int, int]]:
    """Start and end of each part, headers and content."""
    delimiter = b"\r\n--" + boundary
    if data.startswith(delimiter[2:]):
        position = len(delimiter) - 2
    elif (found := data.find(delimiter)) >= 0:
        position = found + len(delimiter)
    else:
        _malformed("the boundary does not occur in the body")
    parts: list[tuple[int, int]] = []
    while not data.startswith(b"--", position):
        line_end = data.find(b"\r\n", position, position + _MAX_PART_HEAD_BYTES)
        if line_end < 0 or data[position:line_end].strip(b" \t"):
            _malformed("a boundary must be followed by a line end or two hyphens")
        if len(parts) >= max_parts:
            _malformed(f"it must have at most {max_parts} parts")
        # In a part without headers the blank line follows the boundary.
        start = line_end + 2
        end = data.find(delimiter, line_end)
        if end < 0:
            _malformed("the form ends before its last boundary")
        parts.append((start, max(start, end)))
        position = end + len(delimiter)
    return parts


def _part(data: bytes, start: int, end: int) -> _Part:
    head_end = data.find(b"\r\n\r\n", start, min(end, start + _MAX_PART_HEAD_BYTES))
    if head_end < 0:
        _malformed("a part has no blank line after its headers")
    headers: dict[bytes, bytes] = {}
    for line in data[start:head_end].split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            _malformed("a part has a header without a colon")
        headers[name.strip().lower()] = value.strip()
    kind, options = parse_options_header(headers.get(b"content-disposition"))
    if kind.lower() != b"form-data" or b"name" not in options:
        _malformed("a part has no Content-Disposition: form-data with a name")
    _, type_options = parse_options_header(headers.get(b"content-type"))
    charset = type_options.get(b"charset")
    return _Part(
        name=options[b"name"],
        file_name=options.get(b"filename"),
        charset=None if charset is None else charset.decode("latin-1"),
        data=data[head_end + 4 : end],
    )


def _value(part: _Part, name: str, charset: str) -> str | File:
    if part.file_name is not None:
        return File(part.file_name.decode("utf-8", "replace"), part.data)
    return _decoded(part.data, part.charset or charset, name)


def _decoded(data: bytes, charset: str, name: str) -> str:
    try:
        codec = codecs.lookup(charset).name
    except (LookupError, ValueError):
        codec = ""
    if codec not in _CHARSETS:
        _malformed(f"the character set {charset[:40]!r} is not supported; send UTF-8")
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        _malformed(f"{name[:64]} is not valid {codec}")


def _malformed(detail: str) -> NoReturn:
    raise HTTPException(400, f"the form is malformed: {detail}")


def _too_large(max_bytes: int) -> NoReturn:
    raise BodyTooLarge(
        f"the form's fields must have at most {max_bytes} bytes apart from files", limit=max_bytes
    )
