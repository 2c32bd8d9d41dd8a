from __future__ import annotations

import subprocess
import sys

import torch
from torch import nn

from models.meta_init import meta_init
from models.target_decoder import TargetDecoder
from tests.support.bundle import tiny_model


def test_a_skeleton_has_the_shapes_of_the_network_and_no_memory() -> None:
    model = tiny_model()
    with meta_init():
        bare = type(model)(model.config)
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    assert {name: value.shape for name, value in bare.state_dict().items()} == shapes
    assert all(value.is_meta for value in bare.state_dict().values())


def test_weights_put_into_a_skeleton_are_the_network() -> None:
    model = tiny_model().eval()
    with meta_init():
        bare = TargetDecoder(model.config)
    names = bare.state_dict()
    bare.load_state_dict({n: v for n, v in model.state_dict().items() if n in names}, assign=True)
    tokens = torch.tensor([[1, 2, 3]])
    assert torch.equal(bare.eval().embed(tokens), model.embed(tokens))


def test_outside_of_it_weights_are_drawn_as_ever() -> None:
    with meta_init():
        nn.Linear(3, 3)
    torch.manual_seed(1)
    first = nn.Linear(3, 3).weight
    torch.manual_seed(1)
    assert torch.equal(first, nn.Linear(3, 3).weight) and first.std() > 0


def test_a_skeleton_does_not_bring_torch_s_compiler() -> None:
    program = (
        "import sys; from models.config import PRESETS; from models.meta_init import meta_init; "
        "from models.target_decoder import TargetDecoder\n"
        "with meta_init(): TargetDecoder(PRESETS['compact'])\n"
        "print('sympy' in sys.modules, 'torch._dynamo' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "False"]
