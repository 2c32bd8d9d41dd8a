"""An exported, converted checkpoint answers as the published code without constraints."""

from __future__ import annotations

import pytest
from torch import Tensor

from export.unconstrained_decoding import EOS
from service.engine.generator import Generator
from service.observability.metrics import Metrics
from tests.support.converted import GATED, RELU, Converted, converted, unconstrained
from tests.support.umie import Inputs, small_inputs

LENGTH = 16


@pytest.fixture(scope="module", params=[GATED, RELU], ids=["gated", "relu"])
def model(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Converted:
    return converted(request.param, pytestconfig, tmp_path_factory)


def expected(model: Converted, inputs: Inputs, states: Tensor) -> tuple[Tensor, list[list[int]]]:
    """Gates and ids."""
    published = model.published
    text = published.text(inputs.ids, inputs.mask)
    fused = published.fuse(text, states)
    return published.gate(text, states), published.greedy(fused, inputs.mask, LENGTH)


@pytest.mark.parametrize("length", [4, 12, 40])
def test_ids_are_those_of_the_published_code(model: Converted, length: int) -> None:
    inputs = small_inputs(length)
    states = model.published.visual(inputs.features, inputs.boxes)
    gates, expected_ids = expected(model, inputs, states)
    jobs = [unconstrained(*row) for row in zip(inputs.ids, inputs.mask, states, strict=True)]
    answers = Generator(model.bundle, Metrics()).run(jobs)
    for answer, gate, ids in zip(answers, gates.tolist(), expected_ids, strict=True):
        assert list(answer.ids[: len(ids)]) == ids
        assert ids[-1] != EOS or len(answer.ids) == len(ids)
        # a gate slightly below its range counts as closed
        assert answer.gate == pytest.approx(max(0.0, gate), abs=1e-5)
