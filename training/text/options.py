"""How the text stage trains, preset by preset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from models.config import UMIEConfig
from training.text.initial import LEAST_REGION_SCORE

_DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
_PUBLISHED_RATE = {"base": 1e-4, "large": 5e-5, "xl": 5e-5}
_PUBLISHED_TOKENS = {"base": 2500, "large": 1250, "xl": 625}
"""About the published 32, 16 and 8 prompts."""
_WARMUP = 0.06


@dataclass(frozen=True)
class TextOptions:
    """How to train; the numbers are the compact preset's.

    `data` is the corpora's folder, None to do without them; `features` the files that the tower's
    features were written to, none to do without pictures; `tokens` the padded source tokens of a
    batch; `precision` that of matrix products; `settled` the share of steps, the last ones, in
    which the encoders rest and the gate is fitted to them in `gate_steps` of its own. The standard
    preset also learns from `stated` texts that state relations an epoch, and from posts with the
    names that `named_posts` finds in them (`training.text.named_posts`).
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
    stated: int = 4500
    named_posts: Path | None = None


def options_for(config: UMIEConfig, out: Path, steps: int) -> TextOptions:
    """How a model of this configuration is trained over `steps`.

    T5's numbers are the published ones (reference tasks 1.4): one rate for all weights, 6 % of
    warm-up, gradients clipped at 5, bf16 on CUDA.
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
            # opening the gate last breaks prompts with pictures, which were learned behind it
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
    """The same for weights that were trained before: none are new, and warm-up is 6 % at most."""
    warmup = min(options.warmup, round(_WARMUP * options.steps))
    return replace(options, new_rate=options.pretrained_rate, warmup=warmup)
