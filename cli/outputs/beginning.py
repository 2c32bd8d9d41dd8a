"""How a batch was begun: kept beside its output, so that it is gone on with in the same way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from cli.inputs.document import shown
from cli.outputs.ledger import AGAIN
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was asked, of which documents (their digest, if they have one), and of which model.

    model: None before it is known.
    """

    asked: Mapping[str, Any]
    input: str | None
    model: str | None = None

    def check(self, out: Path) -> None:
        """Raise `DataError` where `out` has answers that were not begun like this."""
        if not out.exists() or not out.stat().st_size:
            return
        begun = self._read(out)
        if begun.input != self.input:
            raise DataError(f"{shown(out)} was begun with another input; {AGAIN}")
        if begun.asked != self.asked:
            options = json.dumps(begun.asked, ensure_ascii=False)
            raise DataError(f"{shown(out)} was begun with other options, {options}; {AGAIN}")
        if self.model not in (None, begun.model):
            raise DataError(f"{shown(out)} was begun with {begun.model}, not {self.model}; {AGAIN}")

    def of(self, model: str) -> Self:
        """The same, of a model."""
        return replace(self, model=model)

    def write(self, out: Path) -> None:
        """Keep it beside `out`."""
        path = beside(out)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.new")
        made.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        os.replace(made, path)

    @classmethod
    def _read(cls, out: Path) -> Self:
        try:
            return cls(**json.loads(beside(out).read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise DataError(f"{shown(out)} was not begun by umie batch; {AGAIN}") from error
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{shown(beside(out))} cannot be read; {AGAIN}") from error


def beside(out: Path) -> Path:
    """The file that tells how the answers in `out` were begun."""
    return out.with_name(f"{out.name}.options.json")
