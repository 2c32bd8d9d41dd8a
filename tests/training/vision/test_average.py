from __future__ import annotations

import torch
from torch import nn

from training.vision.average import WeightAverage


def test_the_average_follows_weights_and_buffers() -> None:
    module = nn.BatchNorm1d(2)
    average = WeightAverage(module, 0.9)
    with torch.no_grad():
        module.weight.fill_(3.0)
        assert module.running_mean is not None
        module.running_mean.fill_(5.0)
        assert module.num_batches_tracked is not None
        module.num_batches_tracked.fill_(7)
    average.update(module)
    assert ((average.tower.weight > 1) & (average.tower.weight < 3)).all()
    for _ in range(300):
        average.update(module)
    torch.testing.assert_close(average.tower.state_dict(), module.state_dict())


def test_the_average_is_not_trained() -> None:
    average = WeightAverage(nn.Linear(2, 2), 0.9)
    assert not any(p.requires_grad for p in average.tower.parameters())
    assert not average.tower.training
