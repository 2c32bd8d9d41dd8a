"""How weights beside a frozen MPNet are named, shipped and added to it.

Of the standard preset only what was learned is kept: two narrow matrices beside each adapted layer,
the vectors of cases and markers, the projection, and everything outside the text encoder. The rest
is MPNet as it was published.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

ENCODER = "text_encoder."
DOWN, UP = "narrow", "wide"
"""Names of an adapter's matrices A (rank, in) and B (out, rank), beside `weight` and `bias`."""
LEARNED = ("cases.", "markers.", "project.", "skip.")
"""Parts of the text encoder that MPNet does not have."""


def has_adapters(weights: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has adapters that are not yet added."""
    return any(name.endswith(f".{DOWN}") for name in weights)


def is_resting(name: str) -> bool:
    """Whether a weight of a model with adapters is MPNet's own, as it was published."""
    part = name.removeprefix(ENCODER)
    return part != name and not part.startswith(LEARNED) and not part.endswith((DOWN, UP))


def merged(base: Mapping[str, Tensor], learned: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's weights in fp32: those of `base` with what was `learned`, adapters added.

    Raises KeyError where `base` lacks a layer that has an adapter.
    """
    weights = {name: value.float() for name, value in base.items()}
    for name, value in learned.items():
        layer, _, kind = name.rpartition(".")
        if kind == DOWN and f"{layer}.{UP}" in learned:
            wide = learned[f"{layer}.{UP}"].float()
            weights[f"{layer}.weight"] = weights[f"{layer}.weight"] + wide @ value.float()
        elif kind != UP:
            weights[name] = value.float() if value.is_floating_point() else value
    return weights
