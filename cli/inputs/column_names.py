"""Names of the columns of a table, or the keys of a JSON line, for id, text and image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.inputs.files import shown
from cli.inputs.row import COLUMNS, ID, IMAGE, TEXT
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Column names of id, text and image. If a name is changed, the default name is ignored."""

    id: str = ID
    text: str = TEXT
    image: str = IMAGE

    @property
    def given(self) -> dict[str, str]:
        """The names that differ from the default, by field."""
        roles = {ID: self.id, TEXT: self.text, IMAGE: self.image}
        return {role: name for role, name in roles.items() if role != name}

    def role_of(self, column: str) -> str | None:
        """Return the field of a column, None if the column is ignored."""
        for role, name in self.given.items():
            if column == name:
                return role
        return column if column in COLUMNS and column not in self.given else None

    def check(self, columns: Sequence[str], path: Path) -> tuple[str, ...]:
        """Check the column names of a table and return the ignored ones.

        Raises:
            DataError: a given name is missing, there is neither a text nor an image column, or a
                name occurs twice.
        """
        twice = sorted({name for name in columns if columns.count(name) > 1})
        if twice:
            raise DataError(f"{shown(path)} has two columns {twice[0]!r}")
        missing = [name for name in self.given.values() if name not in columns]
        if missing:
            known = ", ".join(columns)
            raise DataError(f"{shown(path)} has no column {missing[0]!r}; it has {known}")
        if not {self.text, self.image} & set(columns):
            raise DataError(
                f"{shown(path)} has neither a column {self.text!r} nor a column {self.image!r}; "
                "set them with --text-column and --image-column"
            )
        return tuple(name for name in columns if self.role_of(name) is None)

    def of_table(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Map a row to its fields, without the ignored columns."""
        roles = ((self.role_of(name), value) for name, value in row.items())
        return {role: value for role, value in roles if role is not None}

    def of_object(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Map an object to its fields; unknown keys are kept."""
        kept = {name: value for name, value in row.items() if name not in COLUMNS}
        for name in self.given.values():
            kept.pop(name, None)
        return kept | self.of_table(row)


DEFAULT = ColumnNames()
