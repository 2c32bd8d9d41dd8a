"""An extraction as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from schema.extraction import Extraction
from umie_client.errors import MissingExtra

if TYPE_CHECKING:
    import pandas

_WHOLE, _REAL, _TEXT, _LIST = "Int64", "float64", "string", "object"
_SPAN = {"text": _TEXT, "start": _WHOLE, "end": _WHOLE}
_KINDS: dict[str, dict[str, str]] = {
    "entity": {
        "id": _WHOLE,
        "type": _TEXT,
        **_SPAN,
        "score": _REAL,
        "regions": _LIST,
        "parent": _TEXT,
        "alternatives": _LIST,
        "part": _WHOLE,
    },
    "relation": {
        "type": _TEXT,
        "head": _WHOLE,
        "tail": _WHOLE,
        "head_text": _TEXT,
        "tail_text": _TEXT,
        "score": _REAL,
    },
    "event": {"event": _WHOLE, "type": _TEXT, **_SPAN, "score": _REAL, "part": _WHOLE},
    "argument": {
        "event": _WHOLE,
        "role": _TEXT,
        **_SPAN,
        "region": _TEXT,
        "score": _REAL,
        "entity": _WHOLE,
        "regions": _LIST,
        "part": _WHOLE,
    },
    "region": {
        "region": _TEXT,
        "label": _TEXT,
        "score": _REAL,
        "part": _WHOLE,
        **dict.fromkeys(("x1", "y1", "x2", "y2"), _REAL),
    },
}
"""The columns of each kind of row, with their pandas types."""

_FRAMES = {
    "entities": "entity",
    "relations": "relation",
    "events": "event",
    "arguments": "argument",
    "regions": "region",
}
_COLUMNS = dict.fromkeys(name for columns in _KINDS.values() for name in columns)


def rows_of(extraction: Extraction) -> list[dict[str, Any]]:
    """Convert each entity, relation, event, argument and region to a row.

    Returns:
        Rows with the same keys, None for columns that a kind does not have. `kind` is the kind of
        row, `head`, `tail` and `entity` are ids of entities, `event` is the index of an event,
        `region` the id of a region, and x1, y1, x2, y2 its box in pixels of the upright image;
        `part` is the index of a document's part.
    """
    empty = dict.fromkeys(_COLUMNS)
    return [{"kind": kind} | empty | row for kind, row in _rows(extraction)]


def frames_of(extraction: Extraction) -> dict[str, pandas.DataFrame]:
    """Convert to data frames "entities", "relations", "events", "arguments" and "regions".

    Columns and types do not depend on the rows, so frames of many extractions can be concatenated.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("to_frames needs pandas: install umie-service[tables]") from error
    rows = list(_rows(extraction))
    return {
        name: pandas.DataFrame(
            [row for kind, row in rows if kind == wanted], columns=list(_KINDS[wanted])
        ).astype(_KINDS[wanted])
        for name, wanted in _FRAMES.items()
    }


def _rows(extraction: Extraction) -> Iterator[tuple[str, dict[str, Any]]]:
    for entity in extraction.entities:
        yield "entity", entity.model_dump()
    names = {entity.id: entity.text for entity in extraction.entities}
    for relation in extraction.relations:
        texts = {"head_text": names.get(relation.head), "tail_text": names.get(relation.tail)}
        yield "relation", relation.model_dump() | texts
    for index, event in enumerate(extraction.events):
        own = {"event": index, "type": event.type, "score": event.score, "part": event.part}
        yield "event", own | event.trigger.model_dump()
        for argument in event.arguments:
            yield "argument", {"event": index, "part": event.part} | argument.model_dump()
    for region in extraction.regions:
        box = dict(zip(("x1", "y1", "x2", "y2"), region.box, strict=True))
        own = {"region": region.id, "label": region.label, "score": region.score}
        yield "region", own | {"part": region.part} | box
