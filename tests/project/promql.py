"""Metrics and labels in PromQL expressions, compared with those of the service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

from service.http.middleware.access_log import outcome_of
from service.http.problems import INTERNAL, KINDS
from service.observability.metrics import BATCHES, DROPPED, FINDINGS, SECONDS, STAGES, Metrics

RULES = Path(__file__).resolve().parents[2] / "docker" / "prometheus" / "rules"
TARGET = {"job", "instance"}
SAMPLES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
}
OUTCOMES = {outcome_of(status) for status in range(200, 600)}
REASONS = {kind.type for kind in (*KINDS.values(), INTERNAL)}
VALUES: dict[tuple[str, str], set[str]] = {
    ("umie_requests_total", "outcome"): OUTCOMES,
    ("umie_refused_requests_total", "reason"): REASONS,
    ("umie_dropped_jobs_total", "reason"): set(DROPPED),
    ("umie_batch_lines_total", "outcome"): {"ok", "problem"},
    ("umie_visual_cache_total", "outcome"): {"hit", "miss"},
    ("umie_findings_total", "kind"): set(FINDINGS),
    ("umie_gate_bucket", "task"): set(FINDINGS),
    ("umie_stage_duration_seconds_count", "stage"): set(STAGES),
    ("umie_batch_size_count", "stage"): set(BATCHES),
    ("umie_request_duration_seconds_bucket", "le"): {f"{edge:g}" for edge in SECONDS},
}
"""What labels of the service's metrics can be, where that is a closed list."""

_WORDS = {"and", "bool", "by", "group_left", "ignoring", "le", "on", "or", "unless"}
_GROUPING = r"\b(?:by|ignoring|on)\s*\(([^)]*)\)"
_NAME = r"[A-Za-z_:][A-Za-z0-9_:]*"


def own_metrics() -> dict[str, MetricWrapperBase]:
    """The service's own metrics, by the name under which they are registered."""
    found = [metric for metric in vars(Metrics()).values() if isinstance(metric, MetricWrapperBase)]
    return {next(iter(metric.describe())).name: metric for metric in found}


def labels_of(metric: MetricWrapperBase) -> tuple[str, ...]:
    """A metric's labels; the library tells them in no public way before there are series."""
    return tuple(metric._labelnames)


@cache
def rules() -> list[dict[str, Any]]:
    """Every shipped rule, recording and alerting, in its order."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(RULES.iterdir())]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


@cache
def series() -> dict[str, set[str]]:
    """The labels of every series that a Prometheus with the shipped configuration has."""
    found = {"up": TARGET, "ALERTS": {"alertname", "alertstate", "severity"} | TARGET}
    own = own_metrics()
    for family in Metrics().registry.collect():
        labels = {label for sample in family.samples for label in sample.labels}
        labels |= set(labels_of(own[family.name])) if family.name in own else set()
        for end in SAMPLES.get(family.type, ("",)):
            extra = {"le"} if end == "_bucket" else set()
            found[family.name + end] = (labels - {"le"}) | extra | TARGET
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = {"job"} if rule["record"].startswith("job:") else set()
    return found


def metrics_in(expression: str) -> set[str]:
    """The names that are left of an expression without selectors, groupings and functions."""
    bare = re.sub(rf'"[^"]*"|\{{[^}}]*\}}|\[[^]]*\]|{_GROUPING}', " ", expression)
    return set(re.findall(rf"(?<![\w.]){_NAME}\b(?!\s*\()", bare)) - _WORDS


def matchers_in(expression: str) -> Iterator[tuple[str, str, str]]:
    """Metric, label and value (or pattern) of every matcher."""
    for name, body in re.findall(rf"({_NAME})\s*\{{([^}}]*)\}}", expression):
        for label, value in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', body):
            yield name, label, value


def groupings_in(expression: str) -> set[str]:
    """The labels that results are grouped or matched by."""
    lists = re.findall(_GROUPING, expression)
    return {label.strip() for labels in lists for label in labels.split(",") if label.strip()}


def faults_of(expression: str) -> list[str]:
    """What the expression asks for and nothing has: metrics, labels and values."""
    known, used = series(), metrics_in(expression)
    faults = [f"no metric {name}" for name in used - known.keys()]
    for name, label, value in matchers_in(expression):
        if label not in known.get(name, {label}):
            faults.append(f"{name} has no label {label}")
        possible = VALUES.get((name, label))
        if possible is not None and "$" not in value:
            parts = value.split("|")
            faults += [
                f"{name} has no {label} {part}"
                for part in parts
                if not any(re.fullmatch(part, one) for one in possible)
            ]
    offered = set().union(*(known.get(name, set()) for name in used))
    return faults + [f"nothing has {label}" for label in groupings_in(expression) - offered]
