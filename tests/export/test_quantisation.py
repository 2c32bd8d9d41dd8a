from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from export import quantisation
from export.bundle import open_session
from export.graphs import FusionGraph
from export.manifest import FUSION
from export.quantisation import quantise

BATCH, LENGTH = 5, 21
Values = dict[str, NDArray[np.float32] | NDArray[np.int64]]


@pytest.fixture(scope="module")
def feeds() -> Values:
    random = np.random.default_rng(0)
    lengths = np.arange(BATCH)[:, None] * 4 + 5
    return {
        "ids": random.integers(0, 200, (BATCH, LENGTH)),
        "mask": (np.arange(LENGTH) < lengths).astype(np.int64),
        "cases": random.integers(0, 4, (BATCH, LENGTH)),
        "states": random.normal(size=(BATCH, 37, 48)).astype(np.float32),
        "present": (np.arange(BATCH) % 2).astype(np.float32),
    }


@pytest.fixture
def graph(tiny_folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / FUSION
    shutil.copy(tiny_folder / "bundle" / FUSION, path)
    return path


def session_of(path: Path) -> ort.InferenceSession:
    return open_session(path, 1, ["CPUExecutionProvider"])


def outputs(session: ort.InferenceSession, feeds: Values) -> list[NDArray[np.float32]]:
    return [np.asarray(value) for value in session.run(list(FusionGraph.OUTPUTS), feeds)]


def test_a_quantised_graph_is_smaller_and_nearly_the_same(graph: Path, feeds: Values) -> None:
    size, wanted = graph.stat().st_size, outputs(session_of(graph), feeds)
    quantise(graph)
    assert graph.stat().st_size < 0.7 * size
    assert [path.name for path in graph.parent.iterdir()] == [FUSION]
    (gate, *wanted), (its_gate, *got) = wanted, outputs(session_of(graph), feeds)
    assert 0 < np.abs(its_gate - gate).max() < 0.02  # of a cosine that is near zero here
    for want, have in zip(wanted, got, strict=True):
        error = np.sqrt(np.square(have - want).mean())
        assert 0 < error < 0.05 * np.sqrt(np.square(want).mean())


def test_no_prompt_depends_on_what_it_is_batched_with(graph: Path, feeds: Values) -> None:
    quantise(graph)
    session = session_of(graph)
    together = outputs(session, feeds)
    for row in range(BATCH):
        alone = outputs(session, {name: value[row : row + 1] for name, value in feeds.items()})
        gate, cross, keys = alone
        np.testing.assert_allclose(gate[0], together[0][row], atol=1e-5)
        np.testing.assert_allclose(cross[:, :, 0], together[1][:, :, row], atol=1e-4)
        np.testing.assert_allclose(keys[0], together[2][row], atol=1e-5)


def test_weights_that_do_not_fit_into_the_file_lie_beside_it(
    graph: Path, feeds: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(onnx.load(graph), graph, save_as_external_data=True, location=f"{graph.name}.data")
    wanted = outputs(session_of(graph), feeds)
    monkeypatch.setattr(quantisation, "MOST_INLINE_BYTES", 1000)
    quantise(graph)
    beside = graph.with_name(f"{FUSION}.data")
    assert sorted(graph.parent.iterdir()) == [graph, beside]
    assert graph.stat().st_size < beside.stat().st_size
    for want, got in zip(wanted, outputs(session_of(graph), feeds), strict=True):
        np.testing.assert_allclose(got, want, atol=0.1)
