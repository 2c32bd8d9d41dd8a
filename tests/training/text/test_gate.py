from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.umie import UMIE
from tests.support.bundle import tiny_model
from training.text.gate import WANTED, open_gate
from training.text.loss import Sights
from training.text.sights import SightStore

Prompts = tuple[Tensor, Tensor, Tensor]


@pytest.fixture
def prompts() -> Prompts:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 200, (6, 20), generator=generator)
    return ids, torch.ones_like(ids), torch.zeros_like(ids)


@pytest.fixture
def sights(store: SightStore) -> Sights:
    return store.gather(torch.tensor([0, 1, 0, 1, 0, 1]))


def cosines(model: UMIE, prompts: Prompts, sights: Sights) -> Tensor:
    with torch.no_grad():
        text = model.encode_text(*prompts)
        visual = model.encode_visual(sights.features, sights.boxes)
        p, q = model.gated_fusion.directions(text, prompts[1], visual)
        return (p * q).sum(-1)


@pytest.mark.parametrize("seed", range(6))
def test_a_shut_gate_is_opened_a_little(seed: int, prompts: Prompts, sights: Sights) -> None:
    model = tiny_model(seed)
    with torch.no_grad():  # shut it first
        sign = cosines(model, prompts, sights).mean().sign()
        model.gated_fusion.visual_out.weight *= -sign
    shut = float(cosines(model, prompts, sights).mean())
    assert shut < 0
    assert open_gate(model, *prompts, sights) == pytest.approx(shut, abs=1e-5)
    opened = cosines(model, prompts, sights)
    assert WANTED - 0.05 < float(opened.mean()) < WANTED + 0.25


def test_an_open_gate_stays_as_it_is(prompts: Prompts, sights: Sights) -> None:
    model = tiny_model()
    if float(cosines(model, prompts, sights).mean()) < 0:
        open_gate(model, *prompts, sights)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert open_gate(model, *prompts, sights) > 0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
