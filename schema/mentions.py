"""Spans that a request gives: mentions with or without a type."""

from __future__ import annotations

from dataclasses import dataclass

from schema.errors import InvalidField

MAX_MENTIONS = 256
"""Most mentions of a request; each can be a prompt of its own."""

MAX_MENTION_CHARS = 200
"""Unicode code points of a mention, which its prompt repeats."""

FIELD = "mentions"

_KEYS = {"start", "end", "type"}
_FORM = '{"start": …, "end": …}, with "type" where it is known'


@dataclass(frozen=True, slots=True)
class RequestMention:
    """A mention of a request.

    Attributes:
        start: its first code point in the text.
        end: the code point behind its last.
        type: its entity type; None to choose one of the listed types.
    """

    start: int
    end: int
    type: str | None = None


def parse_mentions(value: object) -> tuple[RequestMention, ...]:
    """Parse the `mentions` field of a request.

    Args:
        value: decoded JSON: a list of objects. It may be empty.

    Returns:
        The mentions in the order of the list.

    Raises:
        InvalidField: `value` is not such a list. The message names the item.
    """
    if not isinstance(value, list):
        raise InvalidField.at(FIELD, f"must be a list, each item {_FORM}")
    if len(value) > MAX_MENTIONS:
        raise InvalidField.at(FIELD, f"has {len(value)} items, at most {MAX_MENTIONS} are allowed")
    return tuple(_mention(item, f"{FIELD}[{index}]") for index, item in enumerate(value))


def parse_span(value: object, field: str) -> tuple[int, int]:
    """Parse a span, `{"start": …, "end": …}` or `[start, end]`; raises `InvalidField`."""
    if isinstance(value, dict) and value.keys() == {"start", "end"}:
        value = [value["start"], value["end"]]
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidField.at(field, 'must be {"start": …, "end": …} or [start, end]')
    start, end = (offset(side, field) for side in value)
    _check_length(start, end, field)
    return start, end


def offset(value: object, path: str) -> int:
    """Check an offset; a truth value is not a number."""
    if type(value) is not int or value < 0:
        raise InvalidField.at(path, "must be an integer, 0 or more")
    return value


def _mention(value: object, path: str) -> RequestMention:
    if not isinstance(value, dict) or not {"start", "end"} <= value.keys() <= _KEYS:
        raise InvalidField.at(path, f"must be {_FORM}")
    start, end = (offset(value[side], f"{path}.{side}") for side in ("start", "end"))
    _check_length(start, end, path)
    kind = value.get("type")
    if kind is None:
        return RequestMention(start, end)
    if not isinstance(kind, str) or not kind.strip():
        raise InvalidField.at(
            f"{path}.type", "must be the name of an entity type; leave it out to ask"
        )
    return RequestMention(start, end, kind.strip())


def _check_length(start: int, end: int, path: str) -> None:
    if end <= start:
        raise InvalidField.at(path, "is empty: start must be less than end")
    if end - start > MAX_MENTION_CHARS:
        raise InvalidField.at(
            path, f"must have at most {MAX_MENTION_CHARS} characters; give a shorter span"
        )
