"""From what arrives to a validated body, whatever its media type."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from service.api.forms import tree_of
from service.settings import Settings
from tasks.errors import FieldError, LabelError

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
JSON = "application/json"
LABEL_FIELDS = frozenset({"entity_types", "relation_types", "event_types", "spots", "asocs"})
_SHOWN = 64

B = TypeVar("B", bound=BaseModel)


async def read_body(request: Request, body: type[B], settings: Settings) -> B:
    """The request's body; raises leaves of `InputError`, and HTTPException for a broken one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == JSON:
        return await asyncio.to_thread(body_of_json, await request.body(), body)
    if media_type not in FORMS:
        raise HTTPException(415, f"the body is to be {', '.join((JSON, *FORMS))}")
    lists = sum(field in LABEL_FIELDS for field in body.model_fields)
    async with request.form(
        max_files=2,
        max_fields=16 + lists * settings.max_labels,
        max_part_size=settings.max_body_bytes,
    ) as form:
        tree = await tree_of(form, body, settings.max_ontology_bytes)
    try:
        return body.model_validate(tree)
    except ValidationError as error:
        raise fault_of(error) from error


def body_of_json(data: bytes, body: type[B]) -> B:
    """A body in JSON; raises leaves of `InputError`, and HTTPException where it is no JSON."""
    try:
        return body.model_validate_json(data)
    except ValidationError as error:
        raise fault_of(error) from error


def fault_of(error: ValidationError) -> FieldError | HTTPException:
    """The first thing that is wrong, without what was sent."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    row = max(rows, key=lambda row: len(row["loc"]))  # of a union, the branch that came furthest
    if row["type"] == "json_invalid":
        return HTTPException(400, row["msg"])
    if not row["loc"]:
        return HTTPException(400, "the body is to be one JSON object")
    field = str(row["loc"][0])[:_SHOWN]
    if row["type"] == "extra_forbidden" and len(row["loc"]) == 1:
        return FieldError(f"there is no field {field!r}", field=field)
    kind = LabelError if field in LABEL_FIELDS else FieldError
    return kind(f"{field}: {row['msg'][:1].lower()}{row['msg'][1:]}", field=field)
