"""Parse a request's body, JSON or a form, as one of the models in `schema.requests`.

A form's fields are first arranged as the tree that the same request has in JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from schema import mentions, regions
from service.http.bounded_json import LABEL_FIELDS, MAX_ITEMS, check_bounds, parse_json, parse_value
from service.http.form_decoding import Fields, File, decode_multipart, decode_urlencoded
from service.http.form_parts import PART_FIELDS, form_parts, image_data, is_blank, strings
from service.http.safe_yaml import read_plain_yaml
from service.http.uploads import Upload
from service.http.validation import validation_problem
from service.pipeline.validated_requests import field_errors
from service.settings import Settings
from tasks.errors import FieldError, LabelError

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
FORMS = (MULTIPART, URLENCODED)
JSON = "application/json"
SMALL_BYTES = 4096
"""A body up to this size is parsed on the event loop, which is faster than using a thread."""

_MAX_SINGLE_FIELDS = 16
_LISTS = LABEL_FIELDS | {"tasks"}
_TEXTS = frozenset({"text", "before", "after", "context"})
_SHOWN = 64

B = TypeVar("B", bound=BaseModel)


async def parse_body(request: Request, model: type[B], settings: Settings) -> B:
    """Read the request's body and validate it as `model`.

    Raises:
        InputError: one of its leaves, where a field or the size is invalid.
        HTTPException: 415 for another media type, 400 for a malformed body.
    """
    check_encoding(request)
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and media_type not in FORMS:
        raise HTTPException(415, f"the body must be one of {', '.join((JSON, *FORMS))}")
    data = await request.body()
    if media_type == JSON:
        return await run_off_loop(lambda: parse_json_body(data, model, settings), len(data))
    return await run_off_loop(
        lambda: parse_form_body(data, content_type, model, settings), len(data)
    )


async def run_off_loop(work: Callable[[], B], size: int) -> B:
    """The result of `work` on a body of `size` bytes, on a thread unless the body is small."""
    return work() if size <= SMALL_BYTES else await asyncio.to_thread(work)


def check_encoding(request: Request) -> None:
    """Raise HTTPException 415 where the body is compressed."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise HTTPException(
            415,
            "the body must not be compressed: send it without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )


def parse_json_body(data: bytes, model: type[B], settings: Settings) -> B:
    """Parse a JSON body; raises leaves of `InputError`, and HTTPException 400 for invalid JSON."""
    try:
        tree = parse_json(data, settings.max_json_bytes)
    except ValueError as error:
        raise HTTPException(400, f"the body is not valid JSON: {error}") from error
    if not isinstance(tree, dict):
        raise HTTPException(400, "the body must be one JSON object")
    return _validated(tree, model, settings)


def parse_form_body(data: bytes, content_type: str, model: type[B], settings: Settings) -> B:
    """Parse a form; raises as `parse_json_body`."""
    lists = sum(field in LABEL_FIELDS for field in model.model_fields)
    media_type = content_type.partition(";")[0].strip().lower()
    max_fields = _MAX_SINGLE_FIELDS + settings.max_parts + lists * settings.max_labels
    if media_type == MULTIPART:
        max_files = settings.max_images + 2  # and an ontology or a document
        fields = decode_multipart(
            data, content_type, max_fields, settings.max_json_bytes, max_files
        )
    else:
        fields = decode_urlencoded(data, content_type, max_fields, settings.max_json_bytes)
    tree = form_tree(fields, model, settings.max_ontology_bytes, _max_items(settings))
    return _validated(tree, model, settings)


def form_tree(
    form: Fields, model: type[BaseModel], max_ontology_bytes: int, max_items: int
) -> dict[str, Any]:
    """Arrange a form's fields as the tree of the same request in JSON.

    Lists are split at commas, or their field is repeated. A blank field counts as absent, unless it
    is a text. Repeated texts or images are the parts of a request in parts.

    Args:
        form: the decoded fields.
        model: the model whose fields are accepted.
        max_ontology_bytes: limit for an ontology in YAML or JSON.
        max_items: limit for the items of a list.

    Raises:
        FieldError: a field is unknown, repeated, or of the wrong kind.
    """
    tree: dict[str, Any] = {}
    parts = "parts" in model.model_fields and form_parts(form)
    if parts:
        tree["parts"] = parts
    for name, values in form.items():
        if parts and name in PART_FIELDS:
            continue
        if name not in model.model_fields:
            raise FieldError(f"there is no field {name[:_SHOWN]!r}", field=name[:_SHOWN])
        if name not in _TEXTS and all(is_blank(value) for value in values):
            continue
        if name == "image":
            tree[name] = image_data(_single(name, values))
        elif name == "parts":
            raise FieldError("a form has parts as repeated fields text and image", field=name)
        elif name == "document":
            file = _file(name, values)
            tree[name] = Upload(file.name, file.data)
        elif name == "ontology":
            tree[name] = _ontology(values, max_ontology_bytes)
        elif name in _LISTS:
            tree[name] = _list(name, values, max_items)
        else:
            (value,) = strings(name, [_single(name, values)])
            tree[name] = _CONVERSIONS.get(name, _unchanged)(name, value)
    return tree


def _validated(tree: dict[str, Any], model: type[B], settings: Settings) -> B:
    """Validate a tree; null stands for a field that is absent."""
    check_bounds(tree, _max_items(settings))
    try:
        with field_errors():
            return model.model_validate({k: v for k, v in tree.items() if v is not None})
    except ValidationError as error:
        raise validation_problem(error) from error


def _max_items(settings: Settings) -> int:
    return max(MAX_ITEMS, settings.max_labels)


def _single(name: str, values: list[str | File]) -> str | File:
    if len(values) > 1:
        raise FieldError(f"{name} must be given once, not {len(values)} times", field=name)
    return values[0]


def _list(name: str, values: list[str | File], max_items: int) -> list[str]:
    given = strings(name, values)
    count = sum(value.count(",") + 1 for value in given)
    if count > max_items:
        kind = LabelError if name in LABEL_FIELDS else FieldError
        raise kind(f"{name} must have at most {max_items} items, not {count}", field=name)
    return [part.strip() for value in given for part in value.split(",")]


def _file(name: str, values: list[str | File]) -> File:
    value = _single(name, values)
    if isinstance(value, str):
        raise FieldError(f"{name} must be sent as a file", field=name)
    return value


def _ontology(values: list[str | File], max_bytes: int) -> Any:
    """A name, or an ontology in YAML or JSON: as a file or in the field itself."""
    value = _single("ontology", values)
    if isinstance(value, str) and "\n" not in value and not value.lstrip().startswith("{"):
        return value
    data = value.encode() if isinstance(value, str) else value.data
    if len(data) > max_bytes:
        raise FieldError(
            f"the ontology must have at most {max_bytes} bytes", field="ontology", limit=max_bytes
        )
    try:
        return read_plain_yaml(data)
    except FieldError:
        raise
    except Exception as error:  # malformed tags make PyYAML's constructors raise many types
        raise FieldError("ontology is neither YAML nor JSON", field="ontology") from error


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FieldError(f"{name} must be a number", field=name) from error


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FieldError(f"{name} must be a whole number", field=name) from error


def _offsets(name: str, text: str) -> list[int]:
    try:
        start, end = (int(part) for part in text.split(",", 2))
    except ValueError as error:
        raise FieldError(f"{name} must be two integers, as in 0,5", field=name) from error
    return [start, end]


def _boolean(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise FieldError(f"{name} must be true or false", field=name)
    return text == "true"


def _regions(name: str, text: str) -> Any:
    with field_errors():
        return regions.parse_regions(parse_value(name, text))


def _mentions(name: str, text: str) -> Any:
    with field_errors():
        return mentions.parse_mentions(parse_value(name, text))


def _unchanged(name: str, text: str) -> str:
    return text


_CONVERSIONS: dict[str, Callable[[str, str], Any]] = {
    "min_score": _number,
    "alternatives": _integer,
    "span": _offsets,
    "head": _offsets,
    "tail": _offsets,
    regions.FIELD: _regions,
    mentions.FIELD: _mentions,
    "constrained": _boolean,
}
