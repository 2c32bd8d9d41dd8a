"""Fills a model card template with measured results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Template
from typing import Any

from tasks.errors import DataError
from training.evaluation import tables
from training.evaluation.bootstrap import RESAMPLES
from training.evaluation.examples import SHOWN
from training.evaluation.robustness import ALONE, UNRELATED


def render(template: str, results: Mapping[str, Any]) -> str:
    """`template` with every `$name` filled in from `results`; "$$" is a dollar sign.

    Raises:
        DataError: if results are incomplete, or the template has an unknown name.
    """
    try:
        fields = {name: fill(results) for name, fill in FIELDS.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the results are incomplete or not of an evaluation: {error!r}") from error
    try:
        return Template(template).substitute(fields)
    except (KeyError, ValueError) as error:
        names = ", ".join(FIELDS)
        raise DataError(f"the card's template cannot be filled: {error}; it has {names}") from error


def _protocol(results: Mapping[str, Any]) -> str:
    options = results["options"]
    limit = f", the first {options['limit']} documents of each" if options["limit"] else ""
    pictures = ", ".join(tables.TITLES.get(name, name) for name in options["pictures"])
    return (
        f"Split: {options['split']}{limit}. All labels of an inventory are listed, in the order:"
        f" {options['label_order']}. Greedy decoding, {options['decoding']}. Micro-averages over"
        f" exact spans and types. Posts' own pictures: {pictures or 'none'}. Intervals are 95 %"
        f" percentile intervals of F1 from {RESAMPLES} bootstrap resamples of texts. M2E2's rule"
        f" for boxes: {options['m2e2']}."
    )


def _unasked(results: Mapping[str, Any]) -> str:
    counts = {
        tables.TITLES.get(name, name): part["unasked"]
        for name, part in results["corpora"].items()
        if part.get("unasked")
    }
    if not counts:
        return "Every question could be asked."
    told = ", ".join(f"{count} of {name}" for name, count in counts.items())
    return (
        f"Questions that could not be asked (a text too long, or a pair that no tokens spell) count"
        f" as missed: {told}."
    )


def _left(results: Mapping[str, Any]) -> str:
    part = results["exams"].get("data", {"rows": ()})
    left = {
        tables.TITLES.get(r["corpus"], r["corpus"]): r["left"] for r in part["rows"] if r["left"]
    }
    if not left:
        return "No document that was trained on occurs in a split that is evaluated here."
    told = ", ".join(f"{count} of {name}" for name, count in left.items())
    return f"Documents trained on that do occur in a split evaluated here: {told}."


def _drop(results: Mapping[str, Any]) -> str:
    """The loss of score with an unrelated picture."""
    rows = results["exams"].get("pictures", {"rows": ()})["rows"]
    f1 = {row["score"]: row["f1"] for row in rows}
    if not {ALONE, UNRELATED} <= f1.keys():
        return "Not measured."
    return (
        f"An unrelated picture takes the F1 of posts from {f1[ALONE]:.1f} to {f1[UNRELATED]:.1f}"
        f" ({f1[UNRELATED] - f1[ALONE]:+.1f})."
    )


def _failures(results: Mapping[str, Any]) -> str:
    lines = []
    for part in results["corpora"].values():
        for example in part.get("examples", ()):
            predicted = "; ".join(example["said"]) or "nothing"
            wanted = "; ".join(example["wanted"]) or "nothing"
            lines.append(
                [SHOWN[example["corpus"]], example["task"], example["text"], predicted, wanted]
            )
    return tables.table(("from", "asked", "text", "said", "wanted"), lines)


def _calibration(results: Mapping[str, Any]) -> str:
    found = tables.reliability_of(results)
    if not found:
        return "Not measured."
    return f"{tables.error_table(found)}\n\n{tables.reliability_table(found)}"


def _speed(results: Mapping[str, Any]) -> str:
    part = results["exams"].get("speed")
    if part is None:
        return "Not measured."
    threads = part["threads"]
    told = f"{threads} thread{'s' if threads != 1 else ''}" if threads else "the service's threads"
    return (
        f"{part['requests']} requests one after the other, {told}, {part['machine']}:\n\n"
        f"{tables.speed_table(results)}"
    )


def _size(results: Mapping[str, Any]) -> str:
    evaluator = results["subject"]
    lines = [
        [f"parameters, {name}", f"{count:,}"]
        for name, count in evaluator.get("parameters", {}).items()
    ]
    lines += [[name, f"{size:,} bytes"] for name, size in evaluator.get("files", {}).items()]
    return tables.table(("what", "size"), lines) if lines else "Not known."


FIELDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "model": lambda results: str(results["model"]),
    "scores": tables.scores_table,
    "types": tables.types_table,
    "protocol": _protocol,
    "unasked": _unasked,
    "data": tables.dataset_table,
    "left": _left,
    "pictures": lambda results: tables.task_table(results, "pictures"),
    "drop": _drop,
    "wordings": lambda results: tables.task_table(results, "wordings"),
    "regions": lambda results: tables.task_table(results, "regions"),
    "calibration": _calibration,
    "speed": _speed,
    "size": _size,
    "failures": _failures,
}
"""The names that a template can use, with the functions for their values."""
