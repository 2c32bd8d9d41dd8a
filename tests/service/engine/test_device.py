from __future__ import annotations

import copy
import dataclasses
import threading
import weakref
from typing import Any

import pytest
import torch

from export.bundle import Bundle
from models.umie import Memory
from service.engine.device import lock_for, place_decoder, providers_for, wait_for
from service.engine.fusion_encoder import FusionEncoder
from service.engine.jobs import GenerateJob
from service.engine.kv_slots import KVCacheSlots
from tasks.errors import EngineUnavailable
from tests.service.engine.test_cuda_graphs import CASE
from tests.service.engine.test_sampler import LENGTH, STEPS
from tests.support.decoding import batch_memory


class Session:
    """A session with a fixed provider."""

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


def test_each_device_has_its_providers() -> None:
    assert providers_for("auto") is None
    assert providers_for("cpu") == [CPU]
    assert providers_for("cuda") == [CUDA, CPU]


@pytest.mark.parametrize(("fusion", "visual"), [(CPU, CUDA), (CUDA, CPU), (CPU, None)])
def test_cuda_is_not_replaced_by_another_device(
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


def test_an_unusable_cuda_device_is_reported(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    place_decoder(bundle_on(tiny_bundle, CPU, CPU), "auto", "fp32")
    assert "ONNX Runtime cannot use it" in caplog.text


@pytest.mark.parametrize("fails", [False, True])
def test_memory_is_freed_only_after_the_device_has_read_it(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    events: list[str] = []
    slots = KVCacheSlots(CASE.decoder, 3, STEPS, LENGTH, wait=lambda: events.append("waited"))
    memory = batch_memory(CASE.prompts[:2])
    memory_copy = Memory(*(None if part is None else part.clone() for part in memory))
    weakref.finalize(memory_copy.cross, lambda: events.append("freed"))
    copy_in = KVCacheSlots._copy_in

    def copy(self: KVCacheSlots, slot: int, memory: Memory, row: int, length: int) -> None:
        events.append("read")
        if fails and slot == 1:
            raise RuntimeError("out of memory")
        copy_in(self, slot, memory, row, length)

    monkeypatch.setattr(KVCacheSlots, "_copy_in", copy)
    lengths = [prompt.length for prompt in CASE.prompts[:2]]
    try:
        slots.fill(memory_copy, [0, 1], lengths)
    except RuntimeError:
        assert fails and slots.used == 0 and slots.consistent
    del memory_copy
    assert events == ["read", "read", "waited", "freed"]


def test_the_lock_is_held_while_the_graph_runs(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    lock, held = threading.Lock(), list[bool]()
    encoder = FusionEncoder(tiny_bundle, lock)

    class RecordingSession:
        def __getattr__(self, name: str) -> object:
            if name == "run_with_iobinding":
                held.append(lock.locked())
            return getattr(tiny_bundle.fusion, name)

    encoder._session = RecordingSession()
    encoder.fuse([pool[0].prompt], [None])
    assert held == [True] and not lock.locked()


def test_the_cpu_needs_neither_waiting_nor_locks() -> None:
    device = torch.device("cpu")
    wait_for(device)()
    with lock_for(device), lock_for(device):
        pass
    assert hasattr(lock_for(torch.device("cuda")), "locked")
