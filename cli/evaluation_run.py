"""Runs an evaluation part by part, prints each and saves it, so that runs can resume."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from tasks.errors import DataError, UMIEError
from training.evaluation.datasets import PHOTOS
from training.evaluation.evaluation import EVALUATION_TASKS, Evaluation, corpora_of, has_split
from training.evaluation.evaluator import Evaluator
from training.evaluation.own_sets import OWN_SETS
from training.evaluation.pictures import Pictures
from training.evaluation.results import Kind, Results
from training.evaluation.row import Row
from training.evaluation.tables import compat_table, scores_table, types_table

_CORPORA_WITH_PICTURES = frozenset(
    {PHOTOS, *(name for name, own in OWN_SETS.items() if own.pictures)}
)
_TASKS_WITH_PICTURES = frozenset({"pictures", "regions"})
_NEED_PROPOSALS = frozenset({"regions"})


@dataclass
class EvaluationRun:
    """Runs the parts of an evaluation and saves each; `failed` names the parts that failed."""

    evaluation: Evaluation
    results: Results
    markdown: Path | None = None
    failed: list[str] = field(default_factory=list)

    def run(self, corpora: Sequence[str], tasks: Sequence[str]) -> None:
        """Evaluate all corpora, then all evaluation tasks."""
        for name in corpora:
            self._part("corpora", name, self.evaluation.corpus)
        for name in tasks:
            self._part("exams", name, lambda task: self.evaluation.task(task, corpora))

    def _part(self, kind: Kind, name: str, work: Callable[[str], dict[str, Any]]) -> None:
        if self.results.has(kind, name):
            typer.echo(f"{name}: done before", err=True)
            return
        try:
            part = work(name)
        except (UMIEError, OSError) as error:
            typer.echo(f"{name}: {error}", err=True)
            self.failed.append(name)
            return
        self.results.put(kind, name, part)
        for line in summary_lines(name, part):
            typer.echo(line)
        if self.markdown is not None:
            values = self.results.values
            tables = [
                scores_table(values, everything=True),
                compat_table(values),
                types_table(values, most=64),
            ]
            text = "\n\n".join(table for table in tables if table)
            self.markdown.write_text(f"{text}\n", encoding="utf-8")


def summary_lines(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    """The output lines of a finished part: a table row per score, and what was missing."""
    for values in (*part.get("rows", ()), *part.get("compat", ())):
        if "score" not in values:
            yield f"{name}: {', '.join(f'{key} {value}' for key, value in values.items())}"
            continue
        row = Row.from_json(values)
        yield (
            f"| {name} | {row.score} | {row.precision:.2f} | {row.recall:.2f} | {row.f1:.2f} "
            f"| {row.low:.2f} to {row.high:.2f} | {row.correct} / {row.predicted} / {row.gold} |"
        )
    for asked, times in part.get("milliseconds", {}).items():
        yield f"{name}: {asked}: median {times['median']} ms, 95th percentile {times['p95']} ms"
    for what in ("unasked", "pictures missing"):
        if part.get(what):
            yield f"{name}: {part[what]} {what}"
    if "rule" in part:
        yield f"{name}: arguments in pictures, {part['rule']}"


def requested_corpora(named: str | None, split: str, evaluator: Evaluator) -> list[str]:
    """Return the named corpora, or by default those with the split that the model supports.

    Raises:
        DataError: a corpus is unknown, has no such split, or needs a visual tower.
    """
    if named is None:
        return [
            name
            for name in corpora_of(split)
            if evaluator.sees or name not in _CORPORA_WITH_PICTURES
        ]
    names = [name.strip() for name in named.split(",") if name.strip()]
    for name in names:
        if not has_split(name, split):
            raise DataError(f"{name} has no split {split!r}")
        if name in _CORPORA_WITH_PICTURES and not evaluator.sees:
            raise DataError(f"{name} has images, and {evaluator.name} has no visual tower")
    return names


def requested_tasks(named: str | None, by_default: bool, evaluator: Evaluator) -> list[str]:
    """Return the named evaluation tasks.

    Args:
        named: comma-separated names, "none", or None for the default.
        by_default: whether the default is all supported tasks; otherwise it is none.
        evaluator: the model.

    Raises:
        DataError: a task is unknown, or the model does not support it.
    """
    possible = [
        name
        for name in EVALUATION_TASKS
        if (evaluator.sees or name not in _TASKS_WITH_PICTURES)
        and (evaluator.proposes or name not in _NEED_PROPOSALS)
    ]
    if named is None:
        return possible if by_default else []
    names = [name.strip() for name in named.split(",") if name.strip() not in ("", "none")]
    for name in names:
        if name not in EVALUATION_TASKS:
            raise DataError(
                f"no evaluation task {name!r}; allowed are {', '.join(EVALUATION_TASKS)}"
            )
        if name not in possible:
            raise DataError(f"{evaluator.name} does not support the evaluation task {name!r}")
    return names


def pictures_of(given: Sequence[str]) -> dict[str, Pictures]:
    """Parse "corpus=folder" to image folders by corpus; raises `DataError`."""
    found = {}
    for word in given:
        corpus, _, folder = word.partition("=")
        if not folder:
            raise DataError(f"--images {word}: must be CORPUS=FOLDER")
        has_split(corpus, "test")
        found[corpus] = Pictures.under(Path(folder))
    return found
