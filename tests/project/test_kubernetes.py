"""The manifest: Kubernetes' own types take it, and it fits the image and the service."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube import codecs

from service.settings import PREFIX, Settings
from tests.project.test_compose import DOCKERFILE, SERVICES

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
MANIFEST = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))
OBJECTS: dict[str, dict[str, Any]] = {document["kind"]: document for document in MANIFEST}
DEPLOYMENT = OBJECTS["Deployment"]
POD: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
CONTAINER: dict[str, Any] = POD["containers"][0]
PATCHES = sorted(DEPLOY.glob("kubernetes-*.yaml"))
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def merged(base: Any, patch: Any) -> Any:
    """A strategic merge: lists of things with a name are merged by it."""
    if isinstance(base, dict) and isinstance(patch, dict):
        shared = {name: merged(base[name], patch[name]) for name in base.keys() & patch.keys()}
        return base | patch | shared
    if isinstance(base, list) and isinstance(patch, list) and "name" in patch[0]:
        patches = {item["name"]: item for item in patch}
        own = [merged(item, patches.pop(item["name"], item)) for item in base]
        return own + list(patches.values())
    return patch


def patched(path: Path) -> dict[str, Any]:
    patch = yaml.safe_load(path.read_text(encoding="utf-8"))
    result: dict[str, Any] = merged(copy.deepcopy(DEPLOYMENT), patch)
    return result


def variables(deployment: dict[str, Any]) -> dict[str, str | None]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {row["name"]: row.get("value") for row in container["env"]}


@pytest.mark.parametrize("document", MANIFEST, ids=lambda document: document["kind"])
def test_kubernetes_takes_it(document: dict[str, Any]) -> None:
    # What its types do not know is left out on the way there and back.
    assert codecs.from_dict(document).to_dict() == document


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_kubernetes_takes_what_is_patched(path: Path) -> None:
    deployment = patched(path)
    assert codecs.from_dict(deployment).to_dict() == deployment
    assert len(variables(deployment)) == len(variables(DEPLOYMENT)) + 1
    mounted = {
        mount["name"]
        for mount in deployment["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    }
    assert mounted == {v["name"] for v in deployment["spec"]["template"]["spec"]["volumes"]}


@pytest.mark.parametrize("deployment", [DEPLOYMENT, *map(patched, PATCHES)])
def test_its_variables_are_settings(deployment: dict[str, Any]) -> None:
    given = {
        name.removeprefix(PREFIX).lower(): value for name, value in variables(deployment).items()
    }
    assert given.keys() <= Settings.model_fields.keys()
    Settings.model_validate_strings({k: v for k, v in given.items() if v is not None})


def test_everything_finds_each_other() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    selectors = [
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        OBJECTS["Service"]["spec"]["selector"],
    ]
    selectors.append(OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"])
    assert all(selector.items() <= labels.items() for selector in selectors)
    ports = {port["name"]: str(port["containerPort"]) for port in CONTAINER["ports"]}
    assert ports["http"] == variables(DEPLOYMENT)["UMIE_PORT"]
    assert ports["metrics"] == variables(DEPLOYMENT)["UMIE_METRICS_PORT"]
    assert [port["targetPort"] for port in OBJECTS["Service"]["spec"]["ports"]] == ["http"]


def test_the_image_is_the_one_of_compose() -> None:
    assert CONTAINER["image"] == SERVICES["umie"]["image"]


def test_probes_ask_for_readiness_at_the_port_that_is_used() -> None:
    for probe in PROBES:
        assert CONTAINER[probe]["httpGet"] == {"path": "/readyz", "port": "http"}
    seconds = {p: CONTAINER[p]["periodSeconds"] * CONTAINER[p]["failureThreshold"] for p in PROBES}
    assert seconds["readinessProbe"] < seconds["livenessProbe"] < seconds["startupProbe"]


def test_running_requests_are_answered_before_the_pod_ends() -> None:
    _, pause = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    drain = Settings.model_fields["drain_s"].default
    assert POD["terminationGracePeriodSeconds"] >= int(pause) + drain + 10


def test_no_more_threads_than_cores() -> None:
    (threads,) = [row for row in CONTAINER["env"] if row["name"] == "UMIE_INTRA_OP_THREADS"]
    assert threads["valueFrom"]["resourceFieldRef"]["resource"] == "limits.cpu"
    assert CONTAINER["resources"]["limits"].keys() == {"cpu", "memory"}


def test_the_cluster_sets_no_variables_that_read_as_settings() -> None:
    assert POD["enableServiceLinks"] is False


def test_it_runs_without_privileges() -> None:
    (user,) = re.findall(r"--uid (\d+)", DOCKERFILE)
    assert POD["securityContext"]["runAsUser"] == int(user)
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
