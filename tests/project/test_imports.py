"""Imports point downward, without circles; `tasks` and `models` know nothing of serving."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]

_MODEL = {"tasks", "models", "export"}
_RUNTIME = {"service.settings", "service.observability", "service.engine"}
_SERVICE = {
    *_RUNTIME,
    *("service.documents", "service.vision", "service.pipeline", "service.http", "service.server"),
}

LAYERS: dict[str, set[str]] = {
    "tasks": set(),
    "models": set(),
    "schema": set(),
    "export": {"tasks", "models"},
    "training": {"tasks", "models"},
    "umie_client": {"schema"},
    "service.settings": {"tasks"},
    "service.documents": {"tasks", "service.settings"},
    "service.observability": {"tasks", "schema", "service.settings"},
    "service.engine": _MODEL | _RUNTIME - {"service.engine"},
    "service.vision": _MODEL | _RUNTIME | {"schema"},
    "service.pipeline": _MODEL | _RUNTIME | {"schema", "service.vision"},
    "service.http": {"tasks", "schema", "service.documents", "service.pipeline", "service.vision"}
    | _RUNTIME,
    "service.server": {"tasks"} | _SERVICE - {"service.server"},
    "cli": {"training", "umie_client", "schema"} | _MODEL | _SERVICE,
}
"""The layers from bottom to top, and which layers below it each may import."""

EXCEPTIONS = {}
"""Imports (importer, imported) that break the rule; each one is to be removed."""

NETWORK = {"asyncio", "http", "socket", "socketserver", "urllib"}


class Import(NamedTuple):
    """`importer` names `imported`, both as dotted modules."""

    importer: str
    imported: str


@cache
def modules() -> dict[str, Path]:
    """The project's modules, by dotted name."""
    found = {}
    for package in {name.partition(".")[0] for name in LAYERS}:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def imports() -> list[Import]:
    """Every import of every module, those inside functions included."""
    return [Import(name, target) for name, path in modules().items() for target in targets(path)]


def targets(path: Path) -> Iterator[str]:
    """The modules that a file imports; `from a import b` is `a.b` where that is a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: imports must be absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else node.module


def layer_of(module: str) -> str | None:
    """The layer that a module belongs to; None for a module of another distribution."""
    parts = module.split(".")
    name = ".".join(parts[:2]) if parts[0] == "service" else parts[0]
    return name if name in LAYERS else None


def test_a_layer_may_import_layers_below_it_alone() -> None:
    below: set[str] = set()
    for layer, allowed in LAYERS.items():
        assert allowed <= below, layer
        below.add(layer)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_downward(layer: str) -> None:
    forbidden = LAYERS.keys() - LAYERS[layer] - {layer} | {"service", "tests", "benchmarks"}
    broken = {
        (row.importer, row.imported)
        for row in imports()
        if layer_of(row.importer) == layer
        and (layer_of(row.imported) or row.imported.partition(".")[0]) in forbidden
    }
    assert broken == {row for row in EXCEPTIONS if layer_of(row[0]) == layer}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for importer, imported in imports():
        if imported in graph and imported != importer:
            graph[importer].add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_the_client_needs_neither_torch_nor_onnxruntime() -> None:
    heavy = {"torch", "onnxruntime", "transformers", "fastapi"}
    named = {row.imported.partition(".")[0] for row in imports() if _is_in(row, "umie_client")}
    assert named & heavy == set()


def test_tasks_are_pure_python() -> None:
    known = {"tasks", "tokenizers", "yaml"} | set(sys.stdlib_module_names) - NETWORK
    assert _foreign("tasks", known) == []


def test_models_know_torch_and_nothing_of_serving() -> None:
    known = {"models", "torch", "torchvision", "numpy", "PIL", "safetensors", "timm"}
    known |= {"transformers"} | set(sys.stdlib_module_names) - NETWORK
    assert _foreign("models", known) == []


def test_every_module_is_in_a_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == {name.partition(".")[0] for name in LAYERS}
    assert [name for name in modules() if layer_of(name) is None] == ["service"]


def _is_in(row: Import, layer: str) -> bool:
    return layer_of(row.importer) == layer


def _foreign(layer: str, known: set[str]) -> list[Import]:
    """The imports of a layer whose top-level package is not known."""
    return [
        row
        for row in imports()
        if _is_in(row, layer) and row.imported.partition(".")[0] not in known
    ]
