"""A real Prometheus reads the service, and the dashboard's questions have answers."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.project.conftest import tool, wait_until
from tests.project.promql import RULES, rules
from tests.project.test_dashboard import expressions, queries
from tests.service.fakes import picture_bytes

CONFIG = RULES.parent / "prometheus.yml"
ANSWERED = 3
"""How many requests are answered, and one is refused, in each of two rounds."""
COUNTED = 'umie_request_duration_seconds_count{job="umie", endpoint="/extract"}'


def ask_service(address: str) -> None:
    """A few requests with a picture and one that is refused."""
    with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
        form = {"text": "Ann visited Rome", "entity_types": "person, place"}
        for _ in range(ANSWERED):
            picture = {"image": ("flag.png", picture_bytes(), "image/png")}
            response = client.post("/extract", data=form, files=picture)
            assert response.status_code == 200, response.text
        assert client.post("/extract", data={"text": ""}).is_client_error


@pytest.fixture(scope="module")
def asked_service(live_service: str) -> str:
    """The service after a first round of requests."""
    ask_service(live_service)
    return live_service


@pytest.fixture(scope="module")
def prometheus(
    asked_service: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Asks a Prometheus with the shipped configuration, but for target and intervals."""
    program, folder = tool("prometheus"), tmp_path_factory.mktemp("prometheus")
    shutil.copytree(RULES, folder / RULES.name)
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [asked_service]}]
    job["scrape_interval"], config["global"]["evaluation_interval"] = "1s", "2s"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    )
    try:
        with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
            wait_until(lambda: is_ready(client, process), seconds=60, what="prometheus starts")
            wait_until(lambda: bool(ask(client, COUNTED)), seconds=30, what="the first scrape")
            # Between two scrapes, so that there are rates above 0.
            ask_service(asked_service)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=30)


def is_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "prometheus ended"
    try:
        return client.get("/-/ready").is_success
    except httpx.TransportError:
        return False


def count(prometheus: httpx.Client, expression: str) -> float:
    """The value of the one series of an instant query."""
    (series,) = ask(prometheus, expression)
    return float(series["value"][1])


def ask(prometheus: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """The series of an instant query."""
    answer = prometheus.get("/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
    series: list[dict[str, Any]] = answer["data"]["result"]
    return series


def test_the_metrics_follow_prometheus_conventions(asked_service: str, promtool: str) -> None:
    text = httpx.get(f"http://{asked_service}/metrics").text
    command = [promtool, "check", "metrics"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_reads_how_many_requests_were_answered(prometheus: httpx.Client) -> None:
    expected = 2 * (ANSWERED + 1)
    wait_until(lambda: count(prometheus, COUNTED) == expected, seconds=30, what="the next scrape")
    outcomes = ask(prometheus, 'umie_requests_total{endpoint="/extract"}')
    counts = {row["metric"]["outcome"]: float(row["value"][1]) for row in outcomes}
    assert counts == {"ok": 2 * ANSWERED, "bad_input": 2}


def filled_in(expression: str) -> str:
    """A dashboard's expression as Grafana asks it when everything is chosen."""
    query = expression.replace("$__rate_interval", "1m").replace("$__range", "5m")
    return re.sub(r"\$(job|instance|endpoint)\b", ".*", query)


@pytest.mark.parametrize(("expression", "legend"), queries().values(), ids=queries().keys())
def test_every_question_of_the_dashboard_has_an_answer(
    prometheus: httpx.Client, expression: str, legend: str
) -> None:
    query = filled_in(expression)
    # A rate needs two scrapes.
    wait_until(lambda: bool(ask(prometheus, query)), seconds=30, what=query)
    for series in ask(prometheus, query):
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= series["metric"].keys()


def test_every_expression_is_understood(prometheus: httpx.Client) -> None:
    for expression in expressions():
        ask(prometheus, filled_in(expression))


def test_every_rule_is_evaluated_and_no_alert_fires(prometheus: httpx.Client) -> None:
    def evaluated() -> list[dict[str, Any]]:
        groups = prometheus.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"] if rule["health"] != "unknown"]

    wait_until(lambda: len(evaluated()) == len(rules()), seconds=30, what="rules are evaluated")
    assert {
        rule["name"]: rule.get("lastError") for rule in evaluated() if rule["health"] != "ok"
    } == {}
    assert ask(prometheus, 'ALERTS{alertstate="firing"}') == []
