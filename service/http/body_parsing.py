"""From what arrives to a validated body, whatever its media type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from service.http.bounded_json import LABEL_FIELDS, MAX_ITEMS, check_bounds, parse_json
from service.http.form_decoding import decode_multipart, decode_urlencoded
from service.http.form_parsing import tree_of
from service.pipeline.validated_requests import field_errors
from service.settings import Settings
from tasks.errors import FieldError, LabelError

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
FORMS = (MULTIPART, URLENCODED)
JSON = "application/json"
SMALL_BYTES = 4096
"""A body up to this size is parsed on the event loop: a thread would take longer."""

_MAX_SINGLE_FIELDS = 16
_SHOWN = 64

B = TypeVar("B", bound=BaseModel)


async def read_body(request: Request, body: type[B], settings: Settings) -> B:
    """The request's body.

    Raises:
        InputError: leaves of it, where a field or the size is at fault.
        HTTPException: 415 for another kind of body, 400 for a broken one.
    """
    check_encoding(request)
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and media_type not in FORMS:
        raise HTTPException(415, f"the body must be {', '.join((JSON, *FORMS))}")
    data = await request.body()
    if media_type == JSON:
        return await off_loop(lambda: body_of_json(data, body, settings), len(data))
    return await off_loop(lambda: body_of_form(data, content_type, body, settings), len(data))


async def off_loop(work: Callable[[], B], size: int) -> B:
    """The result of `work` on a body of `size` bytes; on a thread where it may take a while."""
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


def body_of_json(data: bytes, body: type[B], settings: Settings) -> B:
    """A body in JSON; raises leaves of `InputError`, and HTTPException where it is no JSON."""
    try:
        tree = parse_json(data, settings.max_json_bytes)
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
    if not isinstance(tree, dict):
        raise HTTPException(400, "the body must be one JSON object")
    return _validated(tree, body, settings)


def body_of_form(data: bytes, content_type: str, body: type[B], settings: Settings) -> B:
    """A body in a form; raises as `body_of_json`."""
    lists = sum(field in LABEL_FIELDS for field in body.model_fields)
    media_type = content_type.partition(";")[0].strip().lower()
    decode = decode_multipart if media_type == MULTIPART else decode_urlencoded
    fields = decode(
        data,
        content_type,
        _MAX_SINGLE_FIELDS + lists * settings.max_labels,
        settings.max_json_bytes,
    )
    tree = tree_of(fields, body, settings.max_ontology_bytes, _max_items(settings))
    return _validated(tree, body, settings)


def fault_of(error: ValidationError) -> FieldError | HTTPException:
    """The first thing that is wrong, without what was sent."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    row = max(rows, key=lambda row: len(row["loc"]))  # of a union, the branch that came furthest
    if row["type"] == "json_invalid":
        return HTTPException(400, row["msg"])
    if not row["loc"]:
        return HTTPException(400, "the body must be one JSON object")
    field = str(row["loc"][0])[:_SHOWN]
    if row["type"] == "extra_forbidden" and len(row["loc"]) == 1:
        return FieldError(f"there is no field {field!r}", field=field)
    kind = LabelError if field in LABEL_FIELDS else FieldError
    if row["type"] == "string_pattern_mismatch":
        return kind(f"{field}: a name must not be blank", field=field)
    return kind(f"{field}: {row['msg'][:1].lower()}{row['msg'][1:]}", field=field)


def _validated(tree: dict[str, Any], body: type[B], settings: Settings) -> B:
    """The body in a tree; null stands for a field that is not given."""
    check_bounds(tree, _max_items(settings))
    try:
        with field_errors():
            return body.model_validate({k: v for k, v in tree.items() if v is not None})
    except ValidationError as error:
        raise fault_of(error) from error


def _max_items(settings: Settings) -> int:
    return max(MAX_ITEMS, settings.max_labels)
