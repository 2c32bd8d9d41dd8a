"""The types of the fields of request bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from schema.base64_image import decode_base64
from schema.mentions import MAX_MENTIONS, RequestMention, parse_mentions, parse_span
from schema.regions import MAX_LABEL_CHARS, MAX_REGIONS, RequestRegion, parse_regions

VISIBLE = r"\S"
"""Pattern of strings that are not blank."""


@dataclass(frozen=True, slots=True)
class FailFast:
    """Stops the validation of a list at its first error. pydantic's own fails inside unions."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return {**handler(source), "fail_fast": True}


Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=VISIBLE)]
Names = Annotated[list[Name], FailFast()]

_BOX = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
    "description": "x1, y1, x2, y2 in pixels of the upright image, x1 < x2, y1 < y2.",
}
_REGION = {
    "type": "object",
    "required": ["box"],
    "properties": {
        "box": _BOX,
        "label": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": MAX_LABEL_CHARS,
            "pattern": VISIBLE,
        },
    },
    "additionalProperties": False,
}
_REGIONS = {"type": "array", "items": {"anyOf": [_BOX, _REGION]}, "maxItems": MAX_REGIONS}
_MENTIONS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["start", "end"],
        "properties": {
            "start": {"type": "integer", "minimum": 0},
            "end": {"type": "integer", "minimum": 1},
            "type": {"type": ["string", "null"], "minLength": 1, "pattern": VISIBLE},
        },
        "additionalProperties": False,
    },
    "maxItems": MAX_MENTIONS,
}
_SPAN = {
    "anyOf": [
        {
            "type": "object",
            "required": ["start", "end"],
            "properties": {
                "start": {"type": "integer", "minimum": 0},
                "end": {"type": "integer", "minimum": 1},
            },
            "additionalProperties": False,
        },
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    ]
}
_BASE64 = {"type": "string", "contentEncoding": "base64"}


def _decoded(value: Any) -> Any:
    return decode_base64(value) if isinstance(value, str) else value


def _regions(value: Any) -> Any:
    return parse_regions(value) if isinstance(value, list) else value


def _span(value: Any, info: ValidationInfo) -> Any:
    return parse_span(value, info.field_name or "span")


def _mentions(value: Any) -> Any:
    return parse_mentions(value) if isinstance(value, list) else value


Image = Annotated[bytes, BeforeValidator(_decoded), WithJsonSchema(_BASE64)]
Regions = Annotated[tuple[RequestRegion, ...], BeforeValidator(_regions), WithJsonSchema(_REGIONS)]
Mentions = Annotated[
    tuple[RequestMention, ...], BeforeValidator(_mentions), WithJsonSchema(_MENTIONS)
]
Span = Annotated[tuple[int, int], BeforeValidator(_span), WithJsonSchema(_SPAN)]
