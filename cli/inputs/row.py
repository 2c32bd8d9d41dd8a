"""Converts rows of tables and lines of JSON to documents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from cli.inputs.document import Document, split_list
from tasks.errors import DataError, FieldError

ID, TEXT, IMAGE = "id", "text", "image"
_OFFSETS = "offsets"
_LISTS = frozenset({"tasks", "entity_types", "relation_types", "event_types"})
_JSON = frozenset({"ontology", "regions"})
_NUMBERS = frozenset({"min_score"})
COLUMNS = frozenset({ID, TEXT, IMAGE}) | _LISTS | _JSON | _NUMBERS
"""The columns of a row: the fields of `POST /extract`, and an id."""


def document_of(row: Mapping[str, Any], number: int, folder: Path) -> Document:
    """The document of row `number`, which is its default id.

    None and empty values count as not given. An image's path is relative to `folder`. An invalid
    row becomes a document with a fault.
    """
    values = {name: value for name, value in row.items() if value is not None and value != ""}
    name, image = values.pop(ID, number), values.pop(IMAGE, None)
    if isinstance(name, (dict, list)):
        return broken(number, "id must be a string or a number")
    if image is not None and not isinstance(image, str):
        fault = FieldError("image must be the path of a file", field=IMAGE)
        return Document(str(name), fault=fault)
    if _OFFSETS in values:
        fault = FieldError(
            "offsets at the command line count code points, in every output format; leave the "
            "field out",
            field=_OFFSETS,
        )
        return Document(str(name), fault=fault)
    return Document(str(name), values, image=None if image is None else folder / image)


def broken(number: int, what: str) -> Document:
    """The document of a row that cannot be read."""
    return Document(str(number), fault=DataError(f"row {number}: {what}"))


def from_cells(cells: Mapping[str, str], number: int, folder: Path) -> Document:
    """The document of a row whose values are all text; lists are split at commas."""
    try:
        row = {name: _value(name, cell) for name, cell in cells.items() if cell}
    except FieldError as error:
        return Document(cells.get(ID) or str(number), fault=error)
    return document_of(row, number, folder)


def _value(name: str, cell: str) -> Any:
    if name in _LISTS:
        return split_list(cell)
    try:
        if name in _NUMBERS:
            return float(cell)
        if name in _JSON and cell.lstrip()[:1] in ("{", "["):
            return from_json(cell, allow_inf_nan=False)
    except ValueError as error:
        kind = "a number" if name in _NUMBERS else "JSON"
        raise FieldError(f"{name} must be {kind}", field=name) from error
    return cell
