"""Low-rank adapters of a frozen text encoder (Hu et al., 2021).

The encoder's own weights are frozen in bf16, and its lower layers need no gradient. Trainable are
two low-rank matrices per linear layer of the upper layers, the embeddings of cases and markers, and
the projection. The layer is implemented here because on a CPU the casts and dropouts of peft cost
more than the matrix products. `models.adapters` merges adapters into the encoder's weights.
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
    """x W^T + b + (x A^T) B^T with frozen W, b and trainable A (rank, in), B (out, rank) = 0."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.narrow = nn.Parameter(torch.empty(RANK, base.in_features))
        self.wide = nn.Parameter(torch.zeros(base.out_features, RANK))
        nn.init.normal_(self.narrow, std=base.in_features**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., in) to (..., out), in the dtype of `x`."""
        inner = F.linear(x, self.narrow.to(x.dtype))
        return F.linear(x, self.base.weight, self.base.bias) + F.linear(
            inner, self.wide.to(x.dtype)
        )


def add_adapters(model: UMIE, *, narrow: bool = True) -> None:
    """Freeze MPNet and add adapters to its upper linear layers.

    The token embeddings that encoder and decoder share are frozen too.

    Args:
        model: a model whose text encoder is MPNet; it is changed in place.
        narrow: whether to convert frozen weights to bf16.

    Raises:
        TypeError: if the text encoder is not MPNet.
    """
    encoder = model.text_encoder
    if not isinstance(encoder, MPNetEncoder):
        raise TypeError("only MPNet is trained with adapters")
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
    """Split the merged weights of a trained model into frozen weights and adapters again.

    Args:
        model: a model with merged adapters, as `load_checkpoint` returns it; changed in place.
        base: the encoder's published weights, by their names in the model.
        learned: the weights stored in the checkpoint.

    Raises:
        ValueError: if a trained weight is missing in `learned`.
    """
    model.load_state_dict(base, strict=False)
    model.shared.weight.data.copy_(learned["shared.weight"])
    add_adapters(model)
    load_learned(model, {name: value for name, value in learned.items() if _is_learned(name)})


def learned_weights(model: nn.Module) -> dict[str, Tensor]:
    """The weights of a model with adapters, without MPNet's own and the shared token embeddings.

    The selection is by name, because some of them are frozen for a part of the training.
    """
    return {name: value for name, value in model.state_dict().items() if _is_learned(name)}


def load_learned(model: UMIE, learned: dict[str, Tensor]) -> None:
    """Load `learned_weights` into a model with adapters; ValueError if some are missing."""
    missing, unexpected = model.load_state_dict(learned, strict=False)
    lacking = [name for name in missing if _is_learned(name)]
    if unexpected or lacking:
        raise ValueError(
            f"the weights do not match the model: missing {lacking}, unexpected {unexpected}"
        )


def _is_learned(name: str) -> bool:
    return name != "shared.weight" and not is_resting(name)
