"""The rules: what they ask for exists, they fire when they should, and each has its runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.observability.metrics import SECONDS
from service.settings import Settings
from tests.project.promql import RULES, faults_of, rules
from tests.support.markdown import anchors_of

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((Path(__file__).parent / "prometheus").iterdir())
ALERTS = [rule for rule in rules() if "alert" in rule]
RUNBOOK = ROOT / "docs" / "alerts.md"
SEVERITIES = {"page", "ticket"}


def run(*command: str) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_shipped_configuration_is_valid(promtool: str) -> None:
    run(promtool, "check", "config", "--lint-fatal", str(RULES.parent / "prometheus.yml"))


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should(promtool: str, cases: Path) -> None:
    run(promtool, "test", "rules", str(cases))


def test_cases_evaluate_the_groups_in_their_order() -> None:
    """Else it is chance whether alerts see what was recorded at the same moment."""
    files = [RULES / "recording.yml", RULES / "alerts.yml"]
    groups = [g["name"] for f in files for g in yaml.safe_load(f.read_text("utf-8"))["groups"]]
    for cases in CASES:
        assert yaml.safe_load(cases.read_text("utf-8"))["group_eval_order"] == groups


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert", rule.get("record")))
def test_rules_ask_for_what_there_is(rule: dict[str, Any]) -> None:
    assert faults_of(rule["expr"]) == []


def test_names_are_unique() -> None:
    names = [rule.get("alert", rule.get("record")) for rule in rules()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_has_a_description_and_an_action(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in SEVERITIES
    told = alert["annotations"]
    assert told.keys() == {"summary", "description", "action", "runbook"}
    assert told["description"].endswith(".") and told["action"].endswith(".")
    page, _, anchor = told["runbook"].partition("#")
    assert (ROOT / page) == RUNBOOK
    assert anchor == alert["alert"].lower()
    assert anchor in anchors_of(RUNBOOK)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_its_case(alert: dict[str, Any]) -> None:
    assert any(alert["alert"] in path.read_text(encoding="utf-8") for path in CASES)


def test_the_runbook_tells_severities_and_no_other_alerts() -> None:
    told = re.findall(r"^### (Umie\w+)\n\n\*(page|ticket)\*", RUNBOOK.read_text("utf-8"), re.M)
    assert dict(told) == {alert["alert"]: alert["labels"]["severity"] for alert in ALERTS}


def test_limits_are_the_settings_defaults() -> None:
    text = (RULES / "recording.yml").read_text(encoding="utf-8")
    found = re.findall(r"limit # UMIE_(\w+)\n +expr: vector\((\d+)\)", text)
    limits = [rule for rule in rules() if rule.get("record", "").endswith(":limit")]
    assert len(found) == len(limits)
    for name, value in found:
        assert int(value) == Settings.model_fields[name.lower()].default


def test_what_is_promised_is_an_edge_of_the_histogram() -> None:
    edges = set(re.findall(r'le="([^"]+)"', (RULES / "recording.yml").read_text(encoding="utf-8")))
    assert edges == {"2.5"}
    assert 2.5 in SECONDS
