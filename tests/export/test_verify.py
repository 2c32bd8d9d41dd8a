from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from export import verify
from export.checkpoint import Checkpoint, load_checkpoint
from export.graphs import FusionGraph, VisualGraph
from export.verify import beyond, compare


@pytest.fixture(scope="module")
def checkpoint(tiny_folder: Path) -> Checkpoint:
    return load_checkpoint(tiny_folder / "checkpoint")


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle")


def behind(path: Path, output: str, operator: str, *constants: float) -> None:
    """Put an operator with constants behind an output of a graph."""
    model = onnx.load(path)
    inner = f"{output}_before"
    for node in model.graph.node:
        node.output[:] = [inner if name == output else name for name in node.output]
        node.input[:] = [inner if name == output else name for name in node.input]
    for number, value in enumerate(constants):
        tensor = numpy_helper.from_array(np.array(value, dtype=np.float32), f"constant_{number}")
        model.graph.initializer.append(tensor)
    names = [inner, *(f"constant_{number}" for number in range(len(constants)))]
    model.graph.node.append(helper.make_node(operator, names, [output]))
    onnx.save(model, path)


def test_every_output_is_compared(checkpoint: Checkpoint, folder: Path) -> None:
    differences = compare(checkpoint, folder)
    assert differences.keys() == {*VisualGraph.OUTPUTS, *FusionGraph.OUTPUTS}
    assert beyond(differences) == {}
    assert compare(checkpoint, folder) == differences


def test_an_output_that_is_a_little_off_is_found(checkpoint: Checkpoint, folder: Path) -> None:
    behind(folder / "fusion.onnx", "gate", "Add", 0.01)
    wrong = beyond(compare(checkpoint, folder))
    assert wrong.keys() == {"gate"} and wrong["gate"] == pytest.approx(0.01, rel=1e-3)


def test_an_output_that_is_no_number_is_found(checkpoint: Checkpoint, folder: Path) -> None:
    behind(folder / "fusion.onnx", "gate", "Mul", math.nan)
    wrong = beyond(compare(checkpoint, folder))
    assert wrong.keys() == {"gate"} and math.isnan(wrong["gate"])


def test_an_output_of_another_shape_is_found(
    checkpoint: Checkpoint, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value for the whole batch would be subtracted from every sample of it."""
    monkeypatch.setitem(verify.TOLERANCES, "fp32", 10.0)
    model = onnx.load(folder / "fusion.onnx")
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    onnx.save(model, folder / "fusion.onnx")
    behind(folder / "fusion.onnx", "gate", "ReduceMax")
    assert beyond(compare(checkpoint, folder)) == {"gate": math.inf}


def test_the_tolerance_itself_is_accepted() -> None:
    assert beyond({"a": verify.TOLERANCES["fp32"], "b": 0.0}) == {}
    assert beyond({"a": verify.TOLERANCES["fp32"] * 1.01, "b": 0.0}).keys() == {"a"}


def test_without_a_tower_the_fusion_alone_is_compared(checkpoint: Checkpoint, folder: Path) -> None:
    differences = compare(replace(checkpoint, tower=None), folder)
    assert differences.keys() == set(FusionGraph.OUTPUTS) and beyond(differences) == {}


def test_an_input_that_a_graph_has_dropped_is_not_given(
    checkpoint: Checkpoint, folder: Path
) -> None:
    model = onnx.load(folder / "fusion.onnx")
    kept = [entry for entry in model.graph.input if entry.name != "cases"]
    constant = numpy_helper.from_array(np.zeros((1, 1), dtype=np.int64), "cases")
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.append(constant)
    onnx.save(model, folder / "fusion.onnx")
    assert beyond(compare(checkpoint, folder)) == {}
