"""Imports run one way, and the language of the tasks is pure Python."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "tasks": set(),
    "models": {"tasks"},
    "training": {"models", "tasks"},
    "export": {"models", "tasks"},
    "service": {"export", "models", "tasks"},
    "umie_client": {"service", "tasks"},
    "cli": {"training", "export", "service", "models", "tasks", "umie_client"},
}
NETWORK = {"asyncio", "http", "socket", "socketserver", "urllib"}


def imported(package: str) -> Iterator[tuple[str, str]]:
    """Every import of a package: the file and line it stands in, and the top level it names."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                yield from ((place, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                # A relative import stays in its package: none climbs above a top-level one.
                yield place, package if node.level else str(node.module).partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package: str) -> None:
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package} | {"tests", "benchmarks"}
    assert [row for row in imported(package) if row[1] in forbidden] == []


def test_the_client_knows_of_the_service_what_it_answers() -> None:
    modules = {
        node.module
        for path in (ROOT / "umie_client").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(("service", "tasks"))
    }
    assert modules == {"schema.extraction", "tasks.errors"}
    assert [row for row in imported("umie_client") if row[1] in {"torch", "onnxruntime"}] == []


def test_tasks_are_pure_python() -> None:
    known = {"tasks", "tokenizers", "yaml"} | set(sys.stdlib_module_names) - NETWORK
    assert [row for row in imported("tasks") if row[1] not in known] == []


def test_models_know_torch_and_nothing_of_serving() -> None:
    known = {
        "models",
        "tasks",
        "torch",
        "torchvision",
        "numpy",
        "PIL",
        "safetensors",
        "timm",
        "transformers",
    }
    known |= set(sys.stdlib_module_names) - NETWORK
    assert [row for row in imported("models") if row[1] not in known] == []


def test_every_package_is_under_the_rule() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == MAY_IMPORT.keys()
