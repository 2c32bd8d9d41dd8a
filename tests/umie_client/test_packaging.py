"""The client is installed and imported without the service."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICE_ONLY = (
    "benchmarks",
    "cli",
    "export",
    "models",
    "numpy",
    "onnxruntime",
    "service",
    "tasks",
    "torch",
    "training",
)

BUILD = """
import sys
from setuptools import build_meta
build_meta.build_wheel(sys.argv[1])
"""
USE = f"""
import sys
for name in {SERVICE_ONLY}:
    sys.modules[name] = None
import umie_client
assert umie_client.__file__.startswith(sys.argv[1]), umie_client.__file__
with umie_client.Client() as client:
    assert not client.ready()
assert "<mark" in umie_client.page(umie_client.Result.model_validate_json(sys.argv[2]), "Ann", None)
"""
ANSWER = """{
    "text": "Ann", "image": null, "regions": [], "relations": [], "events": [], "model": "umie@0",
    "entities": [
        {"id": 0, "text": "Ann", "start": 0, "end": 3, "type": "p", "score": 1, "regions": []}
    ],
    "gate": {"entities": 0, "relations": null, "events": null},
    "timing_ms": {"total": 1, "image": 0, "queue": 0, "visual": 0, "fusion": 0, "decode": 0}
}"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, built without network from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("schema", "umie_client"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("build", "*.egg-info")
        )
    command = [sys.executable, "-W", "ignore", "-c", BUILD, str(folder)]
    subprocess.run(command, cwd=folder / "umie_client", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_client_and_the_wire_format(installed: Path) -> None:
    packages = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert packages == {"schema", "umie_client"}
    for name in packages:
        expected = {path.name for path in (ROOT / name).glob("*.py")} | {"py.typed"}
        assert expected <= {path.name for path in (installed / name).iterdir()}
    templates = {path.name for path in (ROOT / "umie_client" / "templates").iterdir()}
    assert templates == {path.name for path in (installed / "umie_client/templates").iterdir()}


def test_the_client_works_without_the_service(installed: Path) -> None:
    command = [sys.executable, "-c", USE, str(installed), ANSWER]
    environment = {"PYTHONPATH": str(installed), "UMIE_API_KEY": ""}
    run = subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_versions_of_dependencies_are_those_of_the_service() -> None:
    client, service = (
        tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]
        for path in ("umie_client/pyproject.toml", "pyproject.toml")
    )
    assert set(client["dependencies"]) <= set(service["dependencies"])
    assert client["version"] == service["version"]
    assert client["requires-python"] == service["requires-python"]
