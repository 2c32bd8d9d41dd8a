"""A real Prometheus reads the service, and the dashboard's questions have answers."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.project.conftest import wait_until
from tests.project.test_dashboard import queries
from tests.service.fakes import picture_bytes

CONFIG = Path(__file__).resolve().parents[2] / "docker" / "prometheus.yml"
ANSWERED = 3

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no prometheus and promtool on the path; Debian's package `prometheus` has both",
)


@pytest.fixture(scope="module")
def asked_service(live_service: str) -> str:
    """The service after a few requests with a picture and one that it refuses."""
    with httpx.Client(base_url=f"http://{live_service}", timeout=30) as client:
        form = {"text": "Ann visited Rome", "entity_types": "person, place"}
        for _ in range(ANSWERED):
            picture = {"image": ("flag.png", picture_bytes(), "image/png")}
            response = client.post("/extract", data=form, files=picture)
            assert response.status_code == 200, response.text
        assert client.post("/extract", data={"text": ""}).is_client_error
    return live_service


@pytest.fixture(scope="module")
def prometheus(asked_service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus with the shipped configuration, but for target and interval."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [asked_service]}]
    job["scrape_interval"] = "1s"
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    )
    try:
        wait_until(lambda: is_ready(address, process), seconds=60, what="prometheus starts")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def is_ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "prometheus ended"
    try:
        return httpx.get(f"http://{address}/-/ready").is_success
    except httpx.TransportError:
        return False


def ask(prometheus: str, expression: str) -> list[dict[str, Any]]:
    """The series of an instant query."""
    answer = httpx.get(f"http://{prometheus}/api/v1/query", params={"query": expression}).json()
    assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
    series: list[dict[str, Any]] = answer["data"]["result"]
    return series


def test_the_shipped_configuration_is_valid() -> None:
    command = ["promtool", "check", "config", "--lint-fatal", str(CONFIG)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_metrics_follow_prometheus_conventions(asked_service: str) -> None:
    text = httpx.get(f"http://{asked_service}/metrics").text
    command = ["promtool", "check", "metrics"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_prometheus_reads_how_many_requests_were_answered(prometheus: str) -> None:
    expression = 'umie_request_duration_seconds_count{job="umie", endpoint="/extract"}'
    wait_until(lambda: bool(ask(prometheus, expression)), seconds=30, what="the first scrape")
    (series,) = ask(prometheus, expression)
    assert float(series["value"][1]) == ANSWERED + 1
    outcomes = ask(prometheus, 'umie_requests_total{endpoint="/extract"}')
    counts = {row["metric"]["outcome"]: float(row["value"][1]) for row in outcomes}
    assert counts == {"ok": ANSWERED, "bad_input": 1}


@pytest.mark.parametrize(("expression", "legend"), queries().values(), ids=queries().keys())
def test_every_question_of_the_dashboard_has_an_answer(
    prometheus: str, expression: str, legend: str
) -> None:
    query = expression.replace("$__rate_interval", "1m").replace("$endpoint", ".*")
    # A rate needs two scrapes.
    wait_until(lambda: bool(ask(prometheus, query)), seconds=30, what=query)
    for series in ask(prometheus, query):
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= series["metric"].keys()
