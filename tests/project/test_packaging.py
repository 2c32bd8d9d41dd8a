"""What an installed copy needs is installed."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
PACKAGES = [pattern.removesuffix("*") for pattern in SETUPTOOLS["packages"]["find"]["include"]]


def test_every_package_is_declared() -> None:
    present = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert present == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_of_modules_are_packages(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_files_beside_the_code_are_declared(package: str) -> None:
    folder = ROOT / package
    patterns = SETUPTOOLS["package-data"].get(package, [])
    declared = {path for pattern in patterns for path in folder.glob(pattern)}
    beside = {
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name != "pyproject.toml"
    }
    assert beside <= declared


def test_the_command_line_is_installed() -> None:
    (name,) = PYPROJECT["project"]["scripts"]
    module, _, attribute = PYPROJECT["project"]["scripts"][name].partition(":")
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
    assert attribute == "app"


@pytest.mark.parametrize("script", [".ci/run"])
def test_shell_scripts_parse(script: str) -> None:
    subprocess.run(["bash", "-n", str(ROOT / script)], check=True)
    assert (ROOT / script).stat().st_mode & 0o111
