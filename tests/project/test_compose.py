"""The containers: what compose starts, what it mounts, and how the parts find each other."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.gpu.yml")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def load(path: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return document


SERVICES: dict[str, dict[str, Any]] = load("docker-compose.yml")["services"]


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_compose_files_follow_the_specification(file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*command, file], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_gpu_file_changes_known_services_only() -> None:
    assert load("docker-compose.gpu.yml")["services"].keys() <= SERVICES.keys()


def test_everything_that_is_mounted_exists() -> None:
    volumes = load("docker-compose.yml")["volumes"]
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source
                assert mount.endswith(":ro"), mount
            else:
                assert source in volumes


def test_dependencies_are_waited_for_until_healthy() -> None:
    for service in SERVICES.values():
        assert "test" in service["healthcheck"]
        for name, how in service.get("depends_on", {}).items():
            assert name in SERVICES
            assert how["condition"] == "service_healthy"


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+", image), image


def test_published_ports_do_not_collide() -> None:
    ports = [port for service in SERVICES.values() for port in service["ports"]]
    published = [re.sub(r"\$\{\w+:-(\d+)\}", r"\1", port).split(":")[-2] for port in ports]
    assert len(set(published)) == len(published)


def test_observability_is_published_to_this_machine_only() -> None:
    for name in ("prometheus", "grafana"):
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


def test_prometheus_scrapes_the_service_of_compose() -> None:
    (job,) = load("docker/prometheus/prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target == f"umie:{SERVICES['umie']['environment']['UMIE_PORT']}"
    assert f"EXPOSE {target.partition(':')[2]}" in DOCKERFILE


def test_prometheus_finds_its_rules() -> None:
    (mount,) = [m for m in SERVICES["prometheus"]["volumes"] if m.startswith("./")]
    source, target, _ = mount.split(":")
    assert f"--config.file={target}/prometheus.yml" in SERVICES["prometheus"]["command"]
    (pattern,) = load("docker/prometheus/prometheus.yml")["rule_files"]
    assert list((ROOT / source).glob(pattern))


def test_grafana_reads_the_prometheus_of_compose() -> None:
    (source,) = load("docker/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    port = SERVICES["prometheus"]["ports"][0].split(":")[-1]
    assert source["url"] == f"http://prometheus:{port}"
    (job,) = load("docker/prometheus/prometheus.yml")["scrape_configs"]
    assert source["jsonData"]["timeInterval"] == job["scrape_interval"]


def test_grafana_opens_with_the_dashboard() -> None:
    grafana = SERVICES["grafana"]
    folders = dict(mount.split(":")[:2] for mount in grafana["volumes"])
    inside = {target: ROOT / source for source, target in folders.items() if source[0] == "."}
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (inside[str(home.parent)] / home.name).is_file()
    (provider,) = load("docker/grafana/provisioning/dashboards/umie.yml")["providers"]
    assert provider["options"]["path"] == str(home.parent)


def test_the_service_runs_without_privileges() -> None:
    stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    user = re.search(r"^USER (\S+)", stage, flags=re.MULTILINE)
    assert user is not None
    assert user[1] not in {"root", "0"}
    service = SERVICES["umie"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]


def test_the_image_sends_no_telemetry() -> None:
    stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert "ORT_DISABLE_TELEMETRY=1" in stage
    assert "HF_HUB_OFFLINE=1" in stage
    assert SERVICES["grafana"]["environment"]["GF_ANALYTICS_REPORTING_ENABLED"] == "false"


def test_the_image_has_a_health_check() -> None:
    assert re.search(r"^HEALTHCHECK .*/healthz", DOCKERFILE, flags=re.MULTILINE)
    assert 'ENTRYPOINT ["umie"]' in DOCKERFILE
    assert 'CMD ["serve"]' in DOCKERFILE


def test_everything_that_is_copied_exists_and_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    sent = [pattern[1:] for pattern in ignored if pattern.startswith("!")]
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, flags=re.MULTILINE))
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE):
        for pattern in line.split()[:-1]:
            source = Path(Template(pattern).substitute(arguments))
            assert (ROOT / source).exists(), source
            parts = [source, *source.parents]
            assert any(fnmatch(str(part), name) for part in parts for name in sent), source


def test_the_image_starts_the_process_that_the_project_declares() -> None:
    copied = {line.split()[0] for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= copied
