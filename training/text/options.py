"""Hyperparameters of the text stage, by preset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from models.config import UMIEConfig
from training.text.initial import LEAST_REGION_SCORE
from training.text.shares import Mixture

_DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
_PUBLISHED_RATE = {"base": 1e-4, "large": 5e-5, "xl": 5e-5}
_PUBLISHED_TOKENS = {"base": 2500, "large": 1250, "xl": 625}
"""Source tokens per batch, about the published 32, 16 and 8 prompts."""
_WARMUP = 0.06


@dataclass(frozen=True)
class TextOptions:
    """Hyperparameters; the defaults are those of the compact preset.

    Args:
        out: folder for the state and the weights.
        data: folder of the corpora, None to train without them.
        features: files with the tower's features, empty to train without pictures.
        tokens: padded source tokens per batch.
        precision: of matrix products.
        settled: share of steps, at the end, with frozen encoders and a fitted gate.
        gate_steps: steps of fitting the gate.
        least_region_score: minimum score of regions in the input.
        save_every: steps between saved states.
        mixture: name of the mixture, in the standard preset.
        named_posts: file with names in posts (`training.text.named_posts`), in the standard preset.
    """

    out: Path
    data: Path | None = None
    features: tuple[Path, ...] = ()
    steps: int = 5000
    tokens: int = 2500
    warmup: int = 300
    new_rate: float = 6e-4
    pretrained_rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.98)
    epsilon: float = 1e-8
    clip: float = 1.0
    precision: Literal["bf16", "fp32"] = "bf16"
    settled: float = 0.15
    gate_steps: int = 2500
    least_region_score: float = LEAST_REGION_SCORE
    seed: int = 0
    save_every: int = 250
    resume: bool = False
    device: str = _DEVICE
    preset: str = "compact"
    mixture: Mixture = "broad"
    named_posts: Path | None = None


def options_for(config: UMIEConfig, out: Path, steps: int) -> TextOptions:
    """The hyperparameters for a model of this configuration and `steps` steps.

    Those of T5 are the published ones (reference tasks 1.4): one rate for all weights, 6 % warm-up,
    gradients clipped at 5, bf16 on CUDA.
    """
    if config.text_encoder == "minilm":
        return TextOptions(out, steps=steps)
    if config.text_encoder == "mpnet":
        return TextOptions(
            out,
            preset="standard",
            steps=steps,
            tokens=1500,
            warmup=60,
            new_rate=5e-4,
            pretrained_rate=4e-4,
            # fitting the gate last breaks prompts with pictures, trained with the old gate
            settled=0.0,
            save_every=100,
        )
    rate = _PUBLISHED_RATE.get(config.preset, _PUBLISHED_RATE["base"])
    return TextOptions(
        out,
        steps=steps,
        tokens=_PUBLISHED_TOKENS.get(config.preset, _PUBLISHED_TOKENS["base"]),
        warmup=round(_WARMUP * steps),
        new_rate=rate,
        pretrained_rate=rate,
        betas=(0.9, 0.999),
        epsilon=1e-6,
        clip=5.0,
        precision="bf16" if _DEVICE == "cuda" else "fp32",
    )


def fine_tuning(options: TextOptions) -> TextOptions:
    """The options for trained weights: the pre-trained rate for all, and at most 6 % warm-up."""
    warmup = min(options.warmup, round(_WARMUP * options.steps))
    return replace(options, new_rate=options.pretrained_rate, warmup=warmup)
