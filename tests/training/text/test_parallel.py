import torch
from torch import nn

from training.text.parallel import ProcessGroup


def test_a_single_process_leads_and_keeps_its_gradients() -> None:
    group = ProcessGroup()
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.full((3,), 2.0)
    group.average_gradients([weight])
    group.share([weight.data])
    assert group.leads
    assert weight.grad.tolist() == [2.0, 2.0, 2.0]
