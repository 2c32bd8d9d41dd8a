"""The dashboard: sound JSON, the provisioned datasource, metrics that the service has."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from service.metrics import Metrics

GRAFANA = Path(__file__).resolve().parents[2] / "docker" / "grafana"
DASHBOARD: dict[str, Any] = json.loads(
    (GRAFANA / "dashboards" / "umie.json").read_text(encoding="utf-8")
)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
WORDS = {"by", "bool", "group_left", "ignoring", "le"}
SAMPLES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
}


def queries() -> dict[str, tuple[str, str]]:
    """Every PromQL expression and its legend, by the panel and query (or variable) it stands in."""
    found = {
        f"{panel['title']} {target['refId']}": (target["expr"], target["legendFormat"])
        for panel in PANELS
        for target in panel["targets"]
    }
    for variable in DASHBOARD["templating"]["list"]:
        call = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        assert call is not None
        found[f"${variable['name']}"] = call[1], f"{{{{{call[2]}}}}}"
    return found


def expressions() -> list[str]:
    return [expression for expression, _ in queries().values()]


def metrics_in(expression: str) -> set[str]:
    """The names that are left of a PromQL expression without selectors, groupings and functions."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|ignoring)\s*\([^)]*\)", " ", expression)
    words = set(re.findall(r"\b[a-z][a-z0-9_]*\b(?!\s*\()", bare))
    return words - WORDS


def registered() -> set[str]:
    families = Metrics().registry.collect()
    return {family.name + end for family in families for end in SAMPLES.get(family.type, ("",))}


def test_names_are_found_in_an_expression() -> None:
    expression = 'sum by (le) (rate(a_total{b="c"}[5m])) / ignoring (x) (d > bool 0)'
    assert metrics_in(expression) == {"a_total", "d"}


def test_every_metric_is_one_that_the_service_has() -> None:
    used = set().union(*map(metrics_in, expressions()))
    assert used - {"up"} <= registered()


def test_every_metric_of_the_service_is_shown() -> None:
    used = set().union(*map(metrics_in, expressions()))
    own = [family for family in Metrics().registry.collect() if family.name.startswith("umie_")]
    unseen = [f.name for f in own if not {f.name + end for end in SAMPLES[f.type]} & used]
    assert unseen == []


def test_every_panel_reads_the_provisioned_datasource() -> None:
    provisioning = GRAFANA / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(provisioning.read_text(encoding="utf-8"))["datasources"]
    expected = {"type": source["type"], "uid": source["uid"]}
    variables = DASHBOARD["templating"]["list"]
    targets = [target for panel in PANELS for target in panel["targets"]]
    assert all(part["datasource"] == expected for part in [*PANELS, *targets, *variables])


def test_panels_are_complete_and_told_apart() -> None:
    assert DASHBOARD["schemaVersion"] >= 40
    assert DASHBOARD["uid"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles)
    for panel in PANELS:
        assert panel["description"]
        assert panel["targets"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_panels_lie_side_by_side() -> None:
    cells = []
    for panel in DASHBOARD["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        columns = range(grid["x"], grid["x"] + grid["w"])
        rows = range(grid["y"], grid["y"] + grid["h"])
        cells.append({(x, y) for x in columns for y in rows})
    assert all(a.isdisjoint(b) for a, b in combinations(cells, 2))


def test_the_dashboard_answers_the_five_questions() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == [
        "Is it up?",
        "How fast?",
        "How full?",
        "What is refused?",
        "What does the model do?",
    ]


def test_variables_that_are_used_are_defined() -> None:
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set().union(*(re.findall(r"\$(\w+)", text) for text in expressions()))
    assert used - {"__rate_interval"} == defined
