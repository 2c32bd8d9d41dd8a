from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir
import pytest

from export import onnx_tracing
from export.bundle import open_session
from export.onnx_tracing import OPSET, save_model
from tests.support.converted import Converted

FUSION, DATA = "fusion.onnx", "fusion.onnx.data"


@pytest.fixture
def graph(converted_relu: Converted) -> Path:
    return converted_relu.folder / "bundle" / FUSION


def test_small_weights_stay_in_the_file(graph: Path, tmp_path: Path) -> None:
    save_model(onnx_ir.load(graph), tmp_path / FUSION)
    assert [path.name for path in tmp_path.iterdir()] == [FUSION]
    assert (tmp_path / FUSION).read_bytes() == graph.read_bytes()


def test_large_weights_go_beside_it(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_tracing, "MOST_INLINE_BYTES", 1000)
    places = tmp_path / "one", tmp_path / "an" / "other"
    for place in places:
        place.mkdir(parents=True)
        save_model(onnx_ir.load(graph), place / FUSION)
        assert sorted(path.name for path in place.iterdir()) == [FUSION, DATA]
    one, other = places
    for name in (FUSION, DATA):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    assert (one / FUSION).stat().st_size < graph.stat().st_size / 4
    ids = np.array([[5, 9, 1]])
    feeds = {
        "ids": ids,
        "mask": np.ones_like(ids),
        "cases": np.zeros_like(ids),
        "states": np.ones((1, 37, 16), dtype=np.float32),
        "present": np.ones(1, dtype=np.float32),
    }
    expected, got = (
        open_session(path, 1, ["CPUExecutionProvider"]).run(None, feeds)
        for path in (graph, one / FUSION)
    )
    assert all(np.array_equal(a, b) for a, b in zip(expected, got, strict=True))


def test_a_graph_says_nothing_of_where_it_was_written(graph: Path) -> None:
    model = onnx.load(graph)
    assert [entry.version for entry in model.opset_import if not entry.domain] == [OPSET]
    assert not model.metadata_props and not any(node.metadata_props for node in model.graph.node)
    data = graph.read_bytes()
    for path in (Path(onnx_tracing.__file__).parents[1], Path(onnx.__file__).parent):
        assert str(path).encode() not in data
