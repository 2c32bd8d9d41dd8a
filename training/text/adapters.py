"""Low-rank adapters of a frozen text encoder (Hu et al., 2021), by the package peft.

The encoder's own weights rest in bf16; what learns is two narrow matrices beside each of its
linear layers, the vectors of cases and markers, and the projection.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.mpnet import MPNetEncoder
from models.umie import UMIE

RANK, ALPHA = 32, 32
LAYERS = ("qkv", "out", "up", "down")
LEARNED = ("cases.", "markers.", "project.", "skip.")
"""What of the encoder learns as it is, adapters apart."""


def add_adapters(model: UMIE, *, narrow: bool = True) -> None:
    """Freeze MPNet, in bf16 where `narrow`, and put adapters beside its linear layers.

    The token embeddings that encoder and decoder share rest too. Raises TypeError where the text
    encoder is another.
    """
    from peft import LoraConfig, inject_adapter_in_model

    encoder = model.text_encoder
    if not isinstance(encoder, MPNetEncoder):
        raise TypeError("only MPNet is trained by adapters")
    encoder.requires_grad_(False)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(LAYERS), lora_dropout=0.0)
    inject_adapter_in_model(config, encoder)
    if narrow:
        for name, part in encoder.named_modules():
            if isinstance(part, nn.Linear) and name.endswith("base_layer"):
                part.to(torch.bfloat16)
    for name, parameter in encoder.named_parameters():
        if name.startswith(LEARNED):
            parameter.requires_grad_(True)
        elif "lora_" in name:
            # peft makes them of the type of the layer they stand beside
            parameter.data = parameter.data.float()
    model.shared.requires_grad_(False)


def learned_names(model: UMIE) -> set[str]:
    """The names of the weights that do not rest."""
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def merged(base: dict[str, Tensor], learned: dict[str, Tensor]) -> dict[str, Tensor]:
    """A model's weights: those of `base` with what was `learned`, adapters added to their layers.

    W + B A * (alpha / rank), with A (rank, in) and B (out, rank).
    """
    weights = dict(base)
    for name, value in learned.items():
        if ".lora_B." in name:
            continue
        if ".lora_A." not in name:
            weights[name] = value.float()
            continue
        layer = name.split(".lora_A.")[0]
        wide = learned[name.replace(".lora_A.", ".lora_B.")].float()
        weights[f"{layer}.weight"] = base[f"{layer}.weight"].float() + wide @ value.float() * (
            ALPHA / RANK
        )
    return weights
