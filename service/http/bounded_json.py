"""Parse JSON within limits on bytes, nesting, keys, list lengths and values.

The limits are checked before validation. The base64 of images has a limit of its own
(`max_image_bytes`) and does not count as JSON: it is cut out before the rest is parsed.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, NoReturn

from schema.base64_image import decode_base64
from service.pipeline.validated_requests import field_errors
from tasks.errors import BodyTooLarge, FieldError, LabelError

MAX_DEPTH = 8
MAX_KEYS = 64
MAX_ITEMS = 1024
MAX_VALUES = 16_384
MAX_BRACKETS = 32_768
MAX_QUOTES = 131_072
"""Counted before parsing, inside strings too, so both limits are well above `MAX_VALUES`."""

LABEL_FIELDS = frozenset(
    {"entity_types", "relation_types", "event_types", "spots", "asocs", "options", "phrases"}
)

_SHOWN = 64
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_IMAGE_KEY = re.compile(rb'"image"\s{0,16}:\s{0,16}\Z')
_KEY_SPAN = 64
_MARK_BYTES = 34
_LEAST_CUT_BYTES = 128
_MAX_CUT = 64
"""Image strings that are cut out: the most pictures of a request, see `Settings.max_images`."""


def parse_json(data: bytes, max_bytes: int) -> Any:
    """Parse a JSON text in UTF-8, with or without a byte order mark.

    Args:
        data: the text.
        max_bytes: limit for the bytes without the strings of `image`, at the top or in `parts`.

    Returns:
        The value; where an `image` was cut out, it holds the decoded bytes.

    Raises:
        BodyTooLarge: there are more bytes without the images.
        FieldError: a key is repeated, or the image is not base64.
        ValueError: the text is not JSON, or nested too deeply.
    """
    if len(data) <= max_bytes:
        return _parse(data)
    cut = _image_strings(data, max_bytes)
    mark = secrets.token_hex(16)
    marks = {f"{mark}{index}": place for index, place in enumerate(cut)}
    tree = _parse(_without(data, marks))
    holders = [holder for holder in _holders(tree) if _image_of(holder) in marks]
    if len(holders) < len(marks):
        _refuse_size(max_bytes)
    for holder in holders:
        start, end = marks[holder["image"]]
        escaped = data.find(b"\\", start, end) >= 0
        with field_errors():
            holder["image"] = decode_base64(memoryview(data)[start:end], escaped=escaped)
    return tree


def check_bounds(tree: dict[str, Any], max_items: int = MAX_ITEMS) -> None:
    """Check that a body's tree is small enough to be validated.

    Args:
        tree: the body's fields.
        max_items: limit for the items of a list.

    Raises:
        FieldError: lists, objects, nesting or the number of values exceed their limits;
            `LabelError` where the field is a list of labels.
    """
    if len(tree) > MAX_KEYS:
        raise FieldError(
            f"the body must have at most {MAX_KEYS} fields, not {len(tree)}", field=None
        )
    left = MAX_VALUES
    for field, value in tree.items():
        left -= _size(field, value, min(left, MAX_VALUES), max_items)


def parse_value(field: str, text: str) -> Any:
    """Parse the JSON text in a form's field; raises `FieldError`."""
    _check_counts(text.encode(), field)
    try:
        value = _load(text)
    except (ValueError, RecursionError) as error:
        raise FieldError(f"{field} is not valid JSON", field=field) from error
    check_bounds({field: value})
    return value


def _parse(data: bytes) -> Any:
    _check_counts(data)
    try:
        return _load(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("the body is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _check_counts(data: bytes, field: str | None = None) -> None:
    """Raise `FieldError` where the text has so many brackets or quotes that parsing is slow."""
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > MAX_BRACKETS or data.count(b'"') > MAX_QUOTES:
        raise _too_many(field)


def _load(text: str) -> Any:
    value = json.loads(text, object_pairs_hook=_object)
    if "\\u" in text:  # an escape can encode a lone surrogate, which is not valid in a string
        _check_surrogates(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                shown = name[:_SHOWN].encode(errors="replace").decode()
                raise FieldError(f"the key {shown!r} must be given once", field=shown)
            seen.add(name)
    return tree


def _check_surrogates(value: Any) -> None:
    """Raise ValueError where a string contains a lone surrogate."""
    values = [value]
    while values:
        value = values.pop()
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise ValueError("a string contains a lone surrogate") from error
        elif isinstance(value, dict):
            values += [*value, *value.values()]
        elif isinstance(value, list):
            values += value


def _image_strings(data: bytes, max_bytes: int) -> list[tuple[int, int]]:
    """Start and end of the long strings of keys `image`; other strings are skipped.

    Raises:
        BodyTooLarge: without them there are still more bytes than `max_bytes`.
    """
    if data.find(b'"image"') < 0:  # else 65,536 strings would be looked at for nothing
        _refuse_size(max_bytes)
    found: list[tuple[int, int]] = []
    position = cut = 0
    for _ in range(MAX_QUOTES // 2):
        last = max_bytes + 1 + cut
        quote = data.find(b'"', position, last)
        end = data.find(b'"', quote + 1)
        if quote < 0 or end < 0 or len(found) == _MAX_CUT:
            break
        key = data[max(0, quote - _KEY_SPAN) : quote] if end - quote > _LEAST_CUT_BYTES else b""
        if _IMAGE_KEY.search(key):
            found.append((quote + 1, end))
            cut += end - quote - 1 - _MARK_BYTES
            position = end + 1
            if len(data) - cut <= max_bytes:
                return found
            continue
        string = _STRING.match(data, quote, last)
        if string is None:
            break
        position = string.end()
    _refuse_size(max_bytes)


def _without(data: bytes, marks: dict[str, tuple[int, int]]) -> bytes:
    """The text with a mark in the place of each string."""
    pieces, position = [], 0
    for mark, (start, end) in marks.items():
        pieces += [data[position:start], mark.encode()]
        position = end
    return b"".join([*pieces, data[position:]])


def _holders(tree: Any) -> list[Any]:
    """The objects that may have an image: the body, and each of its parts."""
    parts = tree.get("parts") if isinstance(tree, dict) else None
    return [tree, *(parts if isinstance(parts, list) else ())]


def _image_of(holder: Any) -> str | None:
    image = holder.get("image") if isinstance(holder, dict) else None
    return image if isinstance(image, str) else None


def _refuse_size(max_bytes: int) -> NoReturn:
    raise BodyTooLarge(
        f"the request must have at most {max_bytes} bytes apart from its images",
        limit=max_bytes,
    )


def _size(field: str, value: Any, max_values: int, max_items: int) -> int:
    """The number of values in `value`; raises `FieldError` where it exceeds the limits."""
    shown = field[:_SHOWN]
    count, level = 0, [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        count += len(level)
        for item in level:
            if isinstance(item, dict):
                if len(item) > MAX_KEYS:
                    raise _fault(
                        shown, f"an object must have at most {MAX_KEYS} keys, not {len(item)}"
                    )
                below += item.values()
            elif isinstance(item, list):
                if len(item) > max_items:
                    raise _fault(
                        shown, f"a list must have at most {max_items} items, not {len(item)}"
                    )
                below += item
            if count + len(below) > max_values:
                raise _too_many(shown)
        if not below:
            return count
        level = below
    raise _fault(shown, f"the value must be nested at most {MAX_DEPTH} levels deep")


def _too_many(field: str | None = None) -> FieldError:
    return FieldError(
        f"the body has too many values; it must have at most {MAX_VALUES}", field=field
    )


def _fault(field: str, detail: str) -> FieldError:
    kind = LabelError if field in LABEL_FIELDS else FieldError
    return kind(f"{field}: {detail}", field=field)
