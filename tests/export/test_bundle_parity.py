from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from export.bundle_parity import bundle_parity, observe
from export.unconstrained_decoding import PAD, greedy
from tasks.errors import BundleError, CheckpointError
from tests.support.converted import GATED, RELU, Converted, converted
from tests.support.published import CROSS, Sizes
from tests.support.recordings import change, record
from tests.support.umie import Inputs, small_inputs


@pytest.fixture(scope="module", params=[GATED, RELU], ids=["gated", "relu"])
def model(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Converted:
    return converted(request.param, pytestconfig, tmp_path_factory)


def through_bundle(model: Converted, inputs: Inputs, states: Tensor) -> dict[str, Tensor]:
    named = {
        "input_ids": inputs.ids,
        "attention_mask": inputs.mask,
        "decoder_input_ids": inputs.prefixes,
    }
    return observe(model.bundle, named, states, length=4)


def keys_values(model: Converted, fused: Tensor) -> Tensor:
    """(D, 2, B, H, L, k), from the published weights."""
    state, sizes = model.published.state, model.published.sizes
    layers = []
    for i in range(sizes.decoder):
        at = f"decoder.block.{i}.layer.1.{CROSS}"
        pair = [
            (fused @ state[f"{at}.{part}.weight"].T).unflatten(-1, (sizes.heads, sizes.k))
            for part in "kv"
        ]
        layers.append(torch.stack(pair).transpose(2, 3))
    return torch.stack(layers)


@pytest.mark.parametrize("length", [8, 40, 300])
def test_a_bundle_computes_what_the_published_code_does(model: Converted, length: int) -> None:
    inputs, published = small_inputs(length, steps=6), model.published
    text = published.text(inputs.ids, inputs.mask)
    states = published.visual(inputs.features, inputs.boxes)
    # one gate open, the others shut
    states = states * published.gate(text, states).sign()[:, None, None]
    states[1:] *= -1
    fused = published.fuse(text, states)
    got = through_bundle(model, inputs, states)
    wanted = {
        "gate_rate": published.gate(text, states),
        "cross": keys_values(model, fused),
        "logits": published.logits(published.decode(inputs.prefixes, fused, inputs.mask)),
    }
    assert (wanted["gate_rate"] > 0).tolist() == [True, False, False]
    for name, tensor in wanted.items():
        torch.testing.assert_close(got[name], tensor, rtol=1e-4, atol=1e-4)


def test_a_bundle_writes_what_the_published_code_does(model: Converted) -> None:
    inputs, published = small_inputs(length=12), model.published
    text = published.text(inputs.ids, inputs.mask)
    states = published.visual(inputs.features, inputs.boxes)
    fused = published.fuse(text, states)
    cross = through_bundle(model, inputs, states)["cross"]
    got = greedy(model.bundle.decoder, cross, inputs.mask, 12).tolist()
    for ids, wanted in zip(got, published.greedy(fused, inputs.mask, 12), strict=True):
        assert ids[: len(wanted) + 1] == [PAD, *wanted]


@pytest.mark.parametrize("sizes", [GATED, RELU], ids=["gated", "relu"])
def test_recordings_are_compared_with_a_bundle(
    tmp_path: Path,
    sizes: Sizes,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = record(tmp_path / "recorded", sizes)
    bundle = converted(sizes, pytestconfig, tmp_path_factory).folder / "bundle"
    differences = bundle_parity(folder, bundle)
    names = {difference.tensor for difference in differences}
    assert names == {"gate_rate", "cross", "dec_hidden", "logits", "greedy_ids"}
    assert [d for d in differences if not d.within] == []
    change(folder, "logits", torch.tensor(1e-2))
    (wrong,) = (d for d in bundle_parity(folder, bundle) if not d.within)
    assert wrong.tensor == "logits" and wrong.largest == pytest.approx(1e-2, rel=1e-2)


def test_a_bundle_of_another_model_is_refused(tmp_path: Path, converted_relu: Converted) -> None:
    folder = record(tmp_path / "recorded", GATED)
    with pytest.raises(BundleError, match="feed_forward relu in place of gated-gelu"):
        bundle_parity(folder, converted_relu.folder / "bundle")
    with pytest.raises(CheckpointError, match="holds no recordings"):
        bundle_parity(tmp_path, converted_relu.folder / "bundle")
