"""Writes results as Parquet: one row per document, with nested columns."""

from __future__ import annotations

import types
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from cli.backends.answer import DocumentAnswer, Failure
from schema.extraction import Extraction
from tasks.errors import DataError

_ROWS = 1024
"""Rows per row group."""


def check_pyarrow() -> None:
    """Raise `DataError` if pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise DataError(
            "Parquet needs pyarrow, which is not installed: pip install 'umie-service[tables]'"
        ) from error


def write_parquet(answers: Iterable[DocumentAnswer], path: Path) -> None:
    """Write id, text, error and the fields of the extractions."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [_field(name, info.annotation) for name, info in Extraction.model_fields.items()]
    head = [_field("id", str), _field("text", str | None), _field("error", Failure | None)]
    schema = pa.schema([*head, *(field.with_nullable(True) for field in parts)])
    rows = map(_row, answers)
    with pq.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(some, schema))


def _row(answer: DocumentAnswer) -> dict[str, Any]:
    row = answer.model_dump(mode="json")
    return {name: row[name] for name in ("id", "text", "error")} | (row["extraction"] or {})


def _field(name: str, annotation: Any) -> Any:
    import pyarrow as pa

    kinds = [kind for kind in _union(annotation) if kind is not types.NoneType]
    return pa.field(name, _arrow_type(kinds[0]), nullable=len(kinds) < len(_union(annotation)))


def _arrow_type(kind: Any) -> Any:
    """Return the Arrow type of an annotation; tuples become lists, their items have one type."""
    import pyarrow as pa

    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if get_origin(kind) in (list, tuple):
        return pa.list_(_arrow_type(get_args(kind)[0]))
    if get_origin(kind) is dict:
        return pa.map_(*map(_arrow_type, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return pa.struct([_field(name, info.annotation) for name, info in fields])
    return plain.get(kind, pa.string())


def _union(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)
