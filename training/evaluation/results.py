"""The results file of an evaluation, written after every finished part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tasks.errors import DataError

FORMAT = 1

Kind = Literal["corpora", "exams"]


@dataclass
class Results:
    """Results of one model under one set of options.

    `values` has the model's name, `subject` (the description of the evaluator), `options`, and the
    finished parts by name: `corpora` and `exams` (evaluation tasks). Without a path nothing is
    written.
    """

    values: dict[str, Any]
    path: Path | None = None

    @classmethod
    def begin(
        cls,
        model: str,
        evaluator: Mapping[str, object],
        options: Mapping[str, object],
        path: Path | None = None,
        *,
        resume: bool = False,
    ) -> Results:
        """Empty results, or with `resume` those at `path`.

        Raises:
            DataError: if the file is of another model or other options.
        """
        head = {"format": FORMAT, "model": model, "options": dict(options)}
        fresh = cls({**head, "subject": dict(evaluator), "corpora": {}, "exams": {}}, path)
        if path is None or not resume or not path.is_file():
            return fresh
        found = read_results(path)
        for key, value in head.items():
            if found[key] != value:
                raise DataError(f"{path} cannot be resumed: its {key} is {found[key]}, not {value}")
        return cls({**found, "subject": dict(evaluator)}, path)

    def has(self, kind: Kind, name: str) -> bool:
        """Whether a part is finished."""
        return name in self.values[kind]

    def put(self, kind: Kind, name: str, part: Mapping[str, Any]) -> None:
        """Add a finished part and write the file."""
        self.values[kind][name] = dict(part)
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.partial")
        text = json.dumps(self.values, indent=1, ensure_ascii=False) + "\n"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path)


def read_results(path: Path) -> dict[str, Any]:
    """Read the results at `path`; raises `DataError` if there are none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise DataError(f"{path} has format {values['format']}; this is made for {FORMAT}")
        missing = {"model", "subject", "options", "corpora", "exams"} - values.keys()
        if missing:
            raise DataError(f"{path} has no {', '.join(sorted(missing))}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} is not a results file of an evaluation: {error!r}") from error
    return dict(values)
