"""Low-rank adapters of a frozen text encoder (Hu et al., 2021).

The encoder's own weights rest in bf16, its lower layers without any gradient; what learns is two
narrow matrices beside each linear layer above them, the vectors of cases and markers, and the
projection. The layer is written out here: on a CPU the casts and dropouts of the package peft cost
more than the products. `models.adapters` adds them to the encoder's weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.adapters import LEARNED, is_resting
from models.mpnet import ADAPTED, MPNetEncoder
from models.umie import UMIE

RANK = 32
_PARTS = ("qkv", "out", "up", "down")


class AdaptedLinear(nn.Module):
    """x W^T + b + (x A^T) B^T: W and b rest, A (rank, in) and B (out, rank) learn, B from 0."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.narrow = nn.Parameter(torch.empty(RANK, base.in_features))
        self.wide = nn.Parameter(torch.zeros(base.out_features, RANK))
        nn.init.normal_(self.narrow, std=base.in_features**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out), in the type of `x`."""
        inner = F.linear(x, self.narrow.to(x.dtype))
        return F.linear(x, self.base.weight, self.base.bias) + F.linear(
            inner, self.wide.to(x.dtype)
        )


def add_adapters(model: UMIE, *, narrow: bool = True) -> None:
    """Freeze MPNet, in bf16 where `narrow`, and put adapters beside its upper linear layers.

    The token embeddings that encoder and decoder share rest too. Raises TypeError where the text
    encoder is another.
    """
    encoder = model.text_encoder
    if not isinstance(encoder, MPNetEncoder):
        raise TypeError("only MPNet is trained by adapters")
    for name, parameter in encoder.named_parameters():
        if name.startswith(LEARNED):
            continue
        parameter.requires_grad_(False)
        if narrow:
            parameter.data = parameter.data.bfloat16()
    for layer in list(encoder.layers)[ADAPTED:]:
        for part in _PARTS:
            setattr(layer, part, AdaptedLinear(getattr(layer, part)))
    model.shared.requires_grad_(False)


def resume_adapters(model: UMIE, base: Mapping[str, Tensor], learned: Mapping[str, Tensor]) -> None:
    """Take the adapters of a trained model out of its weights and put them beside them again.

    Args:
        model: The model with its adapters added to the encoder's weights.
        base: The encoder's published weights, by their names in the model.
        learned: What the checkpoint holds.

    Raises ValueError where a learned weight is missing.
    """
    model.load_state_dict(base, strict=False)
    model.shared.weight.data.copy_(learned["shared.weight"])
    add_adapters(model)
    load_learned(model, {name: value for name, value in learned.items() if _is_learned(name)})


def learned_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a model with adapters but for MPNet's own and the shared token embeddings.

    By their names: some rest for a part of the training, and count all the same.
    """
    return {name: value for name, value in model.state_dict().items() if _is_learned(name)}


def load_learned(model: UMIE, learned: dict[str, Tensor]) -> None:
    """Put `learned_weights` back into a model with adapters; ValueError where some are missing."""
    missing, unexpected = model.load_state_dict(learned, strict=False)
    lacking = [name for name in missing if _is_learned(name)]
    if unexpected or lacking:
        raise ValueError(f"not its weights: missing {lacking}, unexpected {unexpected}")


def _is_learned(name: str) -> bool:
    return name != "shared.weight" and not is_resting(name)
