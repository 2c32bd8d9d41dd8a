from __future__ import annotations

from pathlib import Path

import pytest

from cli.inputs.row import document_of
from tasks.errors import FieldError


@pytest.mark.parametrize("unit", ["utf16", "codepoints"])
def test_a_row_cannot_set_the_unit_of_offsets(unit: str) -> None:
    document = document_of({"id": "a", "text": "Ann", "offsets": unit}, 1, Path())
    assert document.id == "a" and isinstance(document.fault, FieldError)
    assert document.fault.field == "offsets"
    assert document_of({"id": "a", "text": "Ann"}, 1, Path()).fault is None
