"""A form's fields as the tree that the same request has in JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from schema import regions
from service.http.bounded_json import LABEL_FIELDS, parse_value
from service.http.form_decoding import Fields, File
from service.http.safe_yaml import read_plain_yaml
from service.pipeline.validated_requests import field_errors
from tasks.errors import FieldError, LabelError

_LISTS = LABEL_FIELDS | {"tasks"}
_NUMBERS = frozenset({"min_score"})
_OFFSETS = frozenset({"head", "tail"})
_TEXTS = frozenset({"text", "before", "after"})
_SHOWN = 64
"""Characters of a name that is told back."""


def tree_of(
    form: Fields, body: type[BaseModel], max_ontology_bytes: int, max_items: int
) -> dict[str, Any]:
    """What `body` is to be validated from.

    Lists are split at commas, or the field is repeated. A blank field that is not a text counts as
    absent.

    Args:
        form: the fields as they were sent.
        body: the model whose fields are admitted.
        max_ontology_bytes: size of an ontology in YAML or JSON.
        max_items: items of a list.

    Raises:
        FieldError: a field is unknown, repeated, or not of its kind.
    """
    tree: dict[str, Any] = {}
    for name, values in form.items():
        if name not in body.model_fields:
            raise FieldError(f"there is no field {name[:_SHOWN]!r}", field=name[:_SHOWN])
        if name not in _TEXTS and all(_is_blank(value) for value in values):
            continue
        if name == "image":
            tree[name] = _image(values)
        elif name == "ontology":
            tree[name] = _ontology(values, max_ontology_bytes)
        elif name in _LISTS:
            tree[name] = _list(name, values, max_items)
        else:
            tree[name] = _value(name, _single(name, values))
    return tree


def _is_blank(value: str | File) -> bool:
    if isinstance(value, str):
        return not value.strip()
    # A browser sends a file field that was left empty as a nameless empty file.
    return not value.data and not value.name


def _value(name: str, text: str) -> Any:
    if name in _NUMBERS:
        return _number(name, text)
    if name in _OFFSETS:
        return _two_numbers(name, text)
    if name == regions.FIELD:
        with field_errors():
            return regions.parse_regions(parse_value(name, text))
    if name == "constrained":
        return _truth(name, text)
    return text


def _plain(name: str, values: list[str | File]) -> list[str]:
    plain = [value for value in values if isinstance(value, str)]
    if len(plain) != len(values):
        raise FieldError(f"{name} must be a plain value, not a file", field=name)
    return plain


def _only(name: str, values: list[str | File]) -> str | File:
    if len(values) > 1:
        raise FieldError(f"{name} is given {len(values)} times", field=name)
    return values[0]


def _single(name: str, values: list[str | File]) -> str:
    (value,) = _plain(name, [_only(name, values)])
    return value


def _list(name: str, values: list[str | File], max_items: int) -> list[str]:
    plain = _plain(name, values)
    count = sum(value.count(",") + 1 for value in plain)
    if count > max_items:
        kind = LabelError if name in LABEL_FIELDS else FieldError
        raise kind(f"{name} has {count} items, at most {max_items} are admitted", field=name)
    return [part.strip() for value in plain for part in value.split(",")]


def _image(values: list[str | File]) -> bytes:
    value = _only("image", values)
    if isinstance(value, str):
        raise FieldError("image must be sent as a file", field="image")
    return value.data


def _ontology(values: list[str | File], max_bytes: int) -> Any:
    """A name, or an ontology in YAML or JSON: as a file, or in the field itself."""
    value = _only("ontology", values)
    if isinstance(value, str) and "\n" not in value and not value.lstrip().startswith("{"):
        return value
    data = value.encode() if isinstance(value, str) else value.data
    if len(data) > max_bytes:
        raise FieldError(
            f"the ontology has more than the {max_bytes} bytes that are admitted",
            field="ontology",
            limit=max_bytes,
        )
    try:
        return read_plain_yaml(data)
    except FieldError:
        raise
    except Exception as error:  # hostile tags make PyYAML's constructors raise nearly anything
        raise FieldError("ontology is neither YAML nor JSON", field="ontology") from error


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FieldError(f"{name} must be a number", field=name) from error


def _two_numbers(name: str, text: str) -> list[int]:
    try:
        start, end = (int(part) for part in text.split(",", 2))
    except ValueError as error:
        raise FieldError(f"{name} must be two whole numbers, as in 0,5", field=name) from error
    return [start, end]


def _truth(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise FieldError(f"{name} must be true or false", field=name)
    return text == "true"
