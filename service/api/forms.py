"""A form's fields as the tree that the same request has in JSON."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile

from service import own_regions
from service.api.plain_yaml import read_plain_yaml
from tasks.errors import FieldError

_LISTS = frozenset({"tasks", "entity_types", "relation_types", "event_types", "spots", "asocs"})
_NUMBERS = frozenset({"min_score"})
_OFFSETS = frozenset({"head", "tail"})
_SHOWN = 64
"""Characters of a name that is told back."""


async def tree_of(form: FormData, body: type[BaseModel], max_ontology_bytes: int) -> dict[str, Any]:
    """What `body` is to be validated from. Lists are split at commas, or the field is repeated.

    Raises `FieldError`.
    """
    tree: dict[str, Any] = {}
    for name in form:
        if name not in body.model_fields:
            raise FieldError(f"there is no field {name[:_SHOWN]!r}", field=name[:_SHOWN])
        if name == "image":
            tree[name] = await _image(form)
        elif name == "ontology":
            tree[name] = await _ontology(form, max_ontology_bytes)
        elif name in _LISTS:
            tree[name] = [
                part.strip() for value in _values(form, name) for part in value.split(",")
            ]
        else:
            tree[name] = _value(name, _single(form, name))
    return {name: value for name, value in tree.items() if value is not None}


def _value(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return _number(name, text)
    if name in _OFFSETS:
        return [_whole(name, part) for part in text.split(",")]
    if name == own_regions.FIELD:
        return own_regions.own_regions_of_json(text)
    if name == "constrained":
        return _truth(name, text)
    return text


def _values(form: FormData, name: str) -> list[str]:
    values = form.getlist(name)
    if not all(isinstance(value, str) for value in values):
        raise FieldError(f"{name} is to be a plain value, not a file", field=name)
    return [str(value) for value in values]


def _single(form: FormData, name: str) -> str:
    values = _values(form, name)
    if len(values) > 1:
        raise FieldError(f"{name} is given {len(values)} times", field=name)
    return values[0]


async def _image(form: FormData) -> bytes | None:
    values = form.getlist("image")
    if len(values) > 1:
        raise FieldError(f"image is given {len(values)} times", field="image")
    if not isinstance(values[0], UploadFile):
        raise FieldError("image is to be a file", field="image")
    data = await values[0].read()
    # A browser sends a file field that was left empty as a nameless empty file.
    return data if data or values[0].filename else None


async def _ontology(form: FormData, max_bytes: int) -> Any:
    """A name, or an ontology in YAML or JSON: as a file, or in the field itself."""
    values = form.getlist("ontology")
    if len(values) > 1:
        raise FieldError(f"ontology is given {len(values)} times", field="ontology")
    value = values[0]
    if isinstance(value, str) and "\n" not in value and not value.lstrip().startswith("{"):
        return value
    data = value.encode() if isinstance(value, str) else await value.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise FieldError(
            f"the ontology has more than the {max_bytes} bytes that are admitted", field="ontology"
        )
    try:
        return await asyncio.to_thread(read_plain_yaml, data)
    except Exception as error:  # hostile tags make PyYAML's constructors raise nearly anything
        raise FieldError("ontology is neither YAML nor JSON", field="ontology") from error


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FieldError(f"{name} is to be a number", field=name) from error


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FieldError(f"{name} is to be two whole numbers", field=name) from error


def _truth(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise FieldError(f"{name} is to be true or false", field=name)
    return text == "true"
