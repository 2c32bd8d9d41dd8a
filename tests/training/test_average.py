from __future__ import annotations

import torch
from torch import nn

from training.average import WeightAverage


def test_the_average_follows_weights_and_buffers() -> None:
    module = nn.BatchNorm1d(2)
    average = WeightAverage(module, 0.9)
    with torch.no_grad():
        module.weight.fill_(3.0)
        assert module.running_mean is not None and module.num_batches_tracked is not None
        module.running_mean.fill_(5.0)
        module.num_batches_tracked.fill_(7)
    average.update(module)
    assert ((average.state["weight"] > 1) & (average.state["weight"] < 3)).all()
    assert int(average.state["num_batches_tracked"]) == 7
    for _ in range(300):
        average.update(module)
    torch.testing.assert_close(average.state, dict(module.state_dict()))


def test_it_moves_quickly_at_first_and_at_its_pace_later() -> None:
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.zero_()
    average = WeightAverage(module, 0.9)
    module.weight.data.fill_(1.0)
    average.update(module)
    # 2 / 11 of the old value are kept at the first update
    assert float(average.state["weight"]) == torch.tensor(9 / 11).item()
    average.state["weight"].zero_()
    average.updates = 1000
    average.update(module)
    torch.testing.assert_close(average.state["weight"], torch.tensor([[0.1]]))


def test_it_is_a_copy_without_gradients() -> None:
    module = nn.Linear(2, 2)
    average = WeightAverage(module, 0.9)
    before = {name: value.clone() for name, value in average.state.items()}
    module(torch.ones(1, 2)).sum().backward()
    module.weight.data.add_(1.0)
    assert all(torch.equal(average.state[name], value) for name, value in before.items())
    assert not any(value.requires_grad for value in average.state.values())


def test_a_part_can_begin_anew() -> None:
    module = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    average = WeightAverage(module, 0.9)
    before = {name: value.clone() for name, value in average.state.items()}
    for parameter in module.parameters():
        parameter.data.add_(1.0)
    average.follow(module, "1.")
    assert torch.equal(average.state["0.weight"], before["0.weight"])
    assert torch.equal(average.state["1.weight"], before["1.weight"] + 1.0)
