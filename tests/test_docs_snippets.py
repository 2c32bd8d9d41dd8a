"""Files that the documents show are files that do what is said of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import uvicorn
import yaml

from service.settings import MEBIBYTE, Settings
from tests.project.conftest import promtool as promtool
from tests.project.promql import RULES
from tests.project.test_compose import SERVICES
from tests.support.markdown import blocks_of
from training.corpora.ndjson import read_ndjson, read_ontology

DOCS = Path(__file__).resolve().parents[1] / "docs"


def snippets(page: str, language: str) -> list[str]:
    return [block.text for block in blocks_of(DOCS / page) if block.language == language]


def default(name: str) -> Any:
    return Settings.model_fields[name].default


def test_annotations_and_their_ontology_can_be_trained_on(tmp_path: Path) -> None:
    (row,), (types,) = snippets("own-weights.md", "json"), snippets("own-weights.md", "yaml")
    (tmp_path / "types.yaml").write_text(types, encoding="utf-8")
    (tmp_path / "notes.ndjson").write_text(json.dumps(json.loads(row)), encoding="utf-8")
    ontology = read_ontology(tmp_path / "types.yaml")
    (document,) = read_ndjson(tmp_path / "notes.ndjson", ontology, "mine")
    assert document.entities and document.relations and document.events


def test_the_scrape_configuration_is_one(tmp_path: Path, promtool: str) -> None:
    (scraping,) = [text for text in snippets("deploy.md", "yaml") if "scrape_configs" in text]
    config = yaml.safe_load(scraping)
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "umie"
    # Debian's promtool is built without Kubernetes.
    assert job.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    job["static_configs"] = [{"targets": ["umie:9100"]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    shutil.copytree(RULES, tmp_path / "rules")
    command = [promtool, "check", "config", str(tmp_path / "prometheus.yml")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_override_changes_known_services() -> None:
    (override,) = [text for text in snippets("deploy.md", "yaml") if "services:" in text]
    services = yaml.safe_load(override)["services"]
    assert services.keys() <= SERVICES.keys()
    (mount,) = services["umie"]["volumes"]
    assert mount.split(":")[1] == services["umie"]["environment"]["UMIE_BUNDLE"]


def test_an_environment_file_has_settings() -> None:
    (file,) = snippets("deploy.md", "ini")
    given = dict(line.split("=") for line in file.splitlines())
    Settings.model_validate_strings({k.removeprefix("UMIE_").lower(): v for k, v in given.items()})


def test_the_proxy_admits_and_awaits_what_the_service_does() -> None:
    (proxy,) = snippets("deploy.md", "nginx")
    assert proxy.count("{") == proxy.count("}")
    whole = re.findall(r"client_max_body_size (\d+)m;", proxy)
    assert [int(size) * MEBIBYTE for size in whole] == [default("max_body_bytes")]
    for seconds in re.findall(r"proxy_read_timeout (\d+)s;", proxy):
        assert int(seconds) > default("deadline_s")
    (idle,) = re.findall(r"keepalive_timeout (\d+)s;", proxy)
    assert int(idle) < uvicorn.Config("").timeout_keep_alive
    batch = proxy.partition("location = /batch")[2].partition("}")[0]
    assert "proxy_buffering off;" in batch and "proxy_request_buffering off;" in batch
