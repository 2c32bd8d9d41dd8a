"""The dashboard: sound JSON, the provisioned datasource, metrics that the service has."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.project.promql import SAMPLES, TARGET, faults_of, matchers_in, metrics_in, own_metrics

GRAFANA = Path(__file__).resolve().parents[2] / "docker" / "grafana"
DASHBOARD: dict[str, Any] = json.loads(
    (GRAFANA / "dashboards" / "umie.json").read_text(encoding="utf-8")
)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
ROWS = ["Availability", "Latency", "Saturation", "Errors", "Model metrics"]


def queries() -> dict[str, tuple[str, str]]:
    """Every PromQL expression and its legend, by where it stands."""
    found = {
        f"{panel['title']} {target['refId']}": (target["expr"], target["legendFormat"])
        for panel in PANELS
        for target in panel["targets"]
    }
    for name, variable in VARIABLES.items():
        if variable["type"] == "query":
            call = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert call is not None
            found[f"${name}"] = call[1], f"{{{{{call[2]}}}}}"
    return found


def expressions() -> list[str]:
    """Those of the panels and variables, and those of the annotations."""
    marks = [mark["expr"] for mark in DASHBOARD["annotations"]["list"]]
    return [expression for expression, _ in queries().values()] + marks


@pytest.mark.parametrize("expression", expressions())
def test_queries_use_existing_metrics(expression: str) -> None:
    assert faults_of(expression) == []


def test_every_metric_of_the_service_is_shown() -> None:
    used = set().union(*map(metrics_in, expressions()))
    # The age of the last sign of life is that moment in a form that needs no clock.
    shown = used | {"umie_engine_last_progress_timestamp_seconds"}
    kinds = {name: next(iter(metric.describe())).type for name, metric in own_metrics().items()}
    unseen = [n for n, kind in kinds.items() if not {n + end for end in SAMPLES[kind]} & shown]
    assert unseen == []


def test_queries_select_the_chosen_instances() -> None:
    for place, (expression, _) in queries().items():
        asked = {name for name in metrics_in(expression) if name.startswith(("umie_", "process_"))}
        for name in asked if place[0] != "$" else ():
            of_it = [(label, value) for n, label, value in matchers_in(expression) if n == name]
            assert {(label, f"${label}") for label in TARGET} <= set(of_it), place


def test_every_panel_reads_the_chosen_datasource() -> None:
    asked = [*PANELS, *(target for panel in PANELS for target in panel["targets"])]
    asked += [variable for variable in VARIABLES.values() if variable["type"] == "query"]
    assert all(part["datasource"] == DATASOURCE for part in asked)
    assert all(mark["datasource"] == DATASOURCE for mark in DASHBOARD["annotations"]["list"])


def test_the_provisioned_datasource_is_chosen_at_first() -> None:
    provisioning = GRAFANA / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioning.read_text(encoding="utf-8"))["datasources"]
    assert VARIABLES["datasource"]["query"] == source["type"]
    assert VARIABLES["datasource"]["current"]["value"] == source["uid"]


def test_panels_are_complete_and_unique() -> None:
    assert DASHBOARD["schemaVersion"] >= 40
    assert DASHBOARD["uid"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        if panel["type"] in {"stat", "timeseries"}:
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_settings_that_are_named_exist() -> None:
    named = re.findall(r"UMIE_([A-Z_]+)", json.dumps(DASHBOARD))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()


def test_panels_lie_side_by_side_without_gaps() -> None:
    cells = []
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        columns = range(grid["x"], grid["x"] + grid["w"])
        rows = range(grid["y"], grid["y"] + grid["h"])
        cells.append({(x, y) for x in columns for y in rows})
    assert all(a.isdisjoint(b) for a, b in combinations(cells, 2))
    taken = set().union(*cells)
    assert len(taken) == 24 * (1 + max(y for _, y in taken))


def test_the_dashboard_has_five_rows() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ROWS


def test_variables_that_are_used_are_defined() -> None:
    used = set().union(*(re.findall(r"\$\{?(\w+)", json.dumps(part)) for part in [DASHBOARD]))
    assert used - {"__rate_interval", "__range", "__all"} == VARIABLES.keys()


def test_starts_and_alerts_are_marked() -> None:
    marks = {mark["name"]: mark["expr"] for mark in DASHBOARD["annotations"]["list"]}
    assert metrics_in(marks["Restarts"]) == {"process_start_time_seconds"}
    assert metrics_in(marks["Alerts"]) == {"ALERTS"}
