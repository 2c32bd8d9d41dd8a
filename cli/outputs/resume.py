"""Options of a batch run, stored beside its output so that a resumed run uses the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from cli.inputs.files import shown
from cli.outputs.answer_file import RESTART_HINT
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class ResumeState:
    """The request options, the input and the model of a batch run.

    Attributes:
        options: request fields for every document.
        input: SHA-256 of the input file; None for a folder.
        model: name and version; None before it is known.
    """

    options: Mapping[str, Any]
    input: str | None
    model: str | None = None

    def check(self, out: Path) -> None:
        """Raise `DataError` if `out` has results of another input, options or model."""
        if not out.exists() or not out.stat().st_size:
            return
        stored = self._read(out)
        if stored.input != self.input:
            raise DataError(f"{shown(out)} was started with another input; {RESTART_HINT}")
        if stored.options != self.options:
            shown_options = json.dumps(stored.options, ensure_ascii=False)
            raise DataError(
                f"{shown(out)} was started with other options, {shown_options}; {RESTART_HINT}"
            )
        if self.model not in (None, stored.model):
            raise DataError(
                f"{shown(out)} was started with {stored.model}, not {self.model}; {RESTART_HINT}"
            )

    def for_model(self, model: str) -> Self:
        """A copy with the model's name and version."""
        return replace(self, model=model)

    def write(self, out: Path) -> None:
        """Write the state beside `out`, atomically."""
        path = options_path(out)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.new")
        made.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        os.replace(made, path)

    @classmethod
    def _read(cls, out: Path) -> Self:
        try:
            return cls(**json.loads(options_path(out).read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise DataError(
                f"{shown(out)} was not written by umie batch; {RESTART_HINT}"
            ) from error
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{shown(options_path(out))} cannot be read; {RESTART_HINT}") from error


def options_path(out: Path) -> Path:
    """The path of the state file of the answers in `out`."""
    return out.with_name(f"{out.name}.options.json")
