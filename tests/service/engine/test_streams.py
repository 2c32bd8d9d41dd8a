from __future__ import annotations

import threading
import weakref

import pytest
import torch
from tests.support.running import together

from export.bundle import Bundle
from models.umie import Memory
from service.engine.fusion_encoder import FusionEncoder
from service.engine.jobs import GenerateJob
from service.engine.kv_slots import KVCacheSlots
from service.engine.streams import lock_for, wait_for
from tests.service.engine.test_cuda_graphs import WORLD
from tests.service.engine.test_sampler import LENGTH, STEPS


@pytest.mark.parametrize("fails", [False, True])
def test_lent_memory_is_waited_for_before_it_is_given_back(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    events: list[str] = []
    slots = KVCacheSlots(WORLD.decoder, 3, STEPS, LENGTH, wait=lambda: events.append("waited"))
    memory = together(WORLD.asked[:2])
    lent = Memory(*(None if part is None else part.clone() for part in memory))
    weakref.finalize(lent.cross, lambda: events.append("given back"))
    copy_in = KVCacheSlots._copy_in

    def copy(self: KVCacheSlots, slot: int, memory: Memory, row: int, length: int) -> None:
        events.append("read")
        if fails and slot == 1:
            raise RuntimeError("out of memory")
        copy_in(self, slot, memory, row, length)

    monkeypatch.setattr(KVCacheSlots, "_copy_in", copy)
    lengths = [one.length for one in WORLD.asked[:2]]
    try:
        slots.fill(lent, [0, 1], lengths)
    except RuntimeError:
        assert fails and slots.used == 0 and slots.consistent
    del lent
    assert events == ["read", "read", "waited", "given back"]


def test_while_a_graph_runs_the_lock_is_held(tiny_bundle: Bundle, pool: list[GenerateJob]) -> None:
    lock, held = threading.Lock(), list[bool]()
    fuser = FusionEncoder(tiny_bundle, lock)

    class Noted:
        def __getattr__(self, name: str) -> object:
            if name == "run_with_iobinding":
                held.append(lock.locked())
            return getattr(tiny_bundle.fusion, name)

    fuser._session = Noted()  # type: ignore[assignment]
    fuser.fuse([pool[0].prompt], [None])
    assert held == [True] and not lock.locked()


def test_the_cpu_waits_for_nothing_and_locks_nothing() -> None:
    device = torch.device("cpu")
    wait_for(device)()
    with lock_for(device), lock_for(device):
        pass
    assert hasattr(lock_for(torch.device("cuda")), "locked")
