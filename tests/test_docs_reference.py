"""The references of metrics and settings are whole and right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

from pydantic_core import PydanticUndefined

from service.observability.metrics import BATCHES, DROPPED, STAGES
from service.settings import PREFIX, Settings
from tests.project.promql import OUTCOMES, faults_of, labels_of, own_metrics
from tests.support.markdown import blocks_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")


def rows_of(text: str) -> list[list[str]]:
    """The cells of every table's rows, headings left out."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_metric_is_told_with_its_type_and_labels() -> None:
    told = {row[0].strip("`"): (row[1], row[2]) for row in rows_of(METRICS) if len(row) == 4}
    expected = {}
    for name, metric in own_metrics().items():
        kind = next(iter(metric.describe())).type
        sample = f"{name}_total" if kind == "counter" else name
        expected[sample] = (kind, ", ".join(labels_of(metric)))
    assert told == expected


def test_every_outcome_stage_and_reason_is_told() -> None:
    named = {row[0].strip("`") for row in rows_of(METRICS) if len(row) < 4}
    assert named == OUTCOMES | set(STAGES)
    for word in (*DROPPED, *BATCHES, "hit", "miss"):
        assert f"`{word}`" in METRICS


def test_queries_ask_for_what_there_is() -> None:
    queries = [block.text for block in blocks_of(DOCS / "metrics.md") if block.language == "promql"]
    assert queries
    assert [fault for query in queries for fault in faults_of(query)] == []


def test_every_setting_is_told_once_with_its_default() -> None:
    told = [(row[0].strip("`"), row[1]) for row in rows_of(SETTINGS)]
    fields = Settings.model_fields
    expected = {f"{PREFIX}{n}".upper(): written(field.default) for n, field in fields.items()}
    assert len(told) == len(expected)
    assert dict(told) == expected


def test_choices_are_told() -> None:
    for name, field in Settings.model_fields.items():
        (row,) = re.findall(rf"^\| `{PREFIX}{name.upper()}` \|.*$", SETTINGS, re.M)
        for choice in get_args(field.annotation):
            if isinstance(choice, str):
                assert choice in row, row


def written(default: Any) -> str:
    assert default is not PydanticUndefined
    if default is None:
        return "-"
    return str(default).lower() if isinstance(default, bool) else str(default)
