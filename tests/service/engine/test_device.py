from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch

from export.bundle import Bundle
from service.engine.device import place_decoder, providers_for
from tasks.errors import EngineUnavailable


class Session:
    """One whose graph runs where it says, whatever was asked for."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def get_providers(self) -> list[str]:
        return [self._provider, "CPUExecutionProvider"]


def bundle_on(tiny_bundle: Bundle, fusion: str, visual: str | None) -> Bundle:
    sessions: dict[str, Any] = {
        "fusion": Session(fusion),
        "visual": Session(visual) if visual else None,
        "decoder": copy.deepcopy(tiny_bundle.decoder),
    }
    return dataclasses.replace(tiny_bundle, **sessions)


CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def test_a_device_is_asked_for_by_name() -> None:
    assert providers_for("auto") is None
    assert providers_for("cpu") == [CPU]
    assert providers_for("cuda") == [CUDA, CPU]


@pytest.mark.parametrize(("fusion", "visual"), [(CPU, CUDA), (CUDA, CPU), (CPU, None)])
def test_who_asks_for_cuda_does_not_get_anything_else(
    tiny_bundle: Bundle, fusion: str, visual: str | None
) -> None:
    with pytest.raises(EngineUnavailable, match="CUDA was asked for"):
        place_decoder(bundle_on(tiny_bundle, fusion, visual), "cuda", "fp32")


@pytest.mark.parametrize("device", ["auto", "cpu"])
@pytest.mark.parametrize("visual", [CPU, None])
def test_the_decoder_follows_the_graphs(
    tiny_bundle: Bundle, device: Any, visual: str | None
) -> None:
    bundle = bundle_on(tiny_bundle, CPU, visual)
    place_decoder(bundle, device, "bf16")
    weights = {(w.device.type, w.dtype) for w in bundle.decoder.parameters()}
    assert weights == {("cpu", torch.bfloat16)}
    assert tiny_bundle.decoder.output_embeddings.dtype == torch.float32


def test_a_cuda_that_cannot_be_used_is_told_of(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    place_decoder(bundle_on(tiny_bundle, CPU, CPU), "auto", "fp32")
    assert "ONNX Runtime cannot use it" in caplog.text
