"""Writes results as CSV: one row per document, with lists as JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cli.backends.answer import DocumentAnswer
from schema.extraction import Extraction

_PARTS = tuple(Extraction.model_fields)


def write_csv(answers: Iterable[DocumentAnswer], path: Path) -> None:
    """Write id, text, error and the fields of the extractions, in UTF-8.

    Cells that a spreadsheet would evaluate as formulas are not escaped: texts must stay unchanged.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "error", *_PARTS))
        for answer in answers:
            writer.writerow(_row(answer))


def _row(answer: DocumentAnswer) -> list[Any]:
    error = None if answer.error is None else answer.error.model_dump(mode="json")
    found = {} if answer.extraction is None else answer.extraction.model_dump(mode="json")
    parts = (found.get(name) for name in _PARTS)
    return [answer.id, answer.text, *(_cell(value) for value in (error, *parts))]


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value
