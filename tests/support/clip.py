"""A tiny CLIP ResNet, and what its network computes, written out from OpenAI's names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models.byobnet import ByoBlockCfg, ByobNet, ByoModelCfg
from torch import Tensor
from torch.nn import functional as F

from models.clip_config import ClipTowerConfig

DEPTHS, WIDTH, ROWS = (1, 1, 2, 1), 8, 512
CHANNELS = 32 * WIDTH
default_cfgs = generate_default_cfgs({"tiny_clip.random": {}})


@register_model
def tiny_clip(pretrained: bool = False, **options: Any) -> Any:
    """RN101's layout with fewer blocks, and eight channels where it has 64."""
    blocks = tuple(
        ByoBlockCfg(type="bottle", d=depth, c=WIDTH * 4 << stage, s=1 + (stage > 0), br=0.25)
        for stage, depth in enumerate(DEPTHS)
    )
    layout = ByoModelCfg(
        blocks=blocks,
        stem_chs=(WIDTH // 2, WIDTH // 2, WIDTH),
        stem_type="",
        stem_pool="avg2",
        downsample="avg",
        aa_layer="avg",
        head_type="attn_abs",
    )
    return build_model_with_cfg(ByobNet, "tiny_clip", pretrained, model_cfg=layout, **options)


TINY = ClipTowerConfig(architecture="tiny_clip", image_size=64)


def openai_state(seed: int = 0, size: int = TINY.image_size) -> dict[str, Tensor]:
    """Random weights under OpenAI's names, some of the text encoder's among them."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    state = {"logit_scale": draw(), "transformer.resblocks.0.attn.in_proj_weight": draw(6, 2)}
    for name, (outputs, inputs, kernel) in _convolutions():
        at, number = name.rsplit(".", 1) if "downsample" in name else (name[:-1], name[-1])
        norm = f"{at}.1" if "downsample" in name else f"{at.removesuffix('conv')}bn{number}"
        fan = inputs * kernel**2
        state[f"{name}.weight"] = draw(outputs, inputs, kernel, kernel) * (2 / fan) ** 0.5
        state[f"{norm}.weight"] = 1 + 0.1 * draw(outputs)
        state[f"{norm}.bias"] = 0.1 * draw(outputs)
        state[f"{norm}.running_mean"] = 0.1 * draw(outputs)
        state[f"{norm}.running_var"] = 1 + 0.1 * draw(outputs).abs()
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    state["visual.attnpool.positional_embedding"] = draw((size // 32) ** 2 + 1, CHANNELS)
    for part, outputs in (("q", CHANNELS), ("k", CHANNELS), ("v", CHANNELS), ("c", ROWS)):
        state[f"visual.attnpool.{part}_proj.weight"] = draw(outputs, CHANNELS) * CHANNELS**-0.5
        state[f"visual.attnpool.{part}_proj.bias"] = 0.1 * draw(outputs)
    return state


def _convolutions() -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Every convolution's name with its outputs, inputs and kernel."""
    for number, (outputs, inputs) in enumerate(
        ((WIDTH // 2, 3), (WIDTH // 2, WIDTH // 2), (WIDTH, WIDTH // 2)), start=1
    ):
        yield f"visual.conv{number}", (outputs, inputs, 3)
    inputs = WIDTH
    for stage, depth in enumerate(DEPTHS):
        width = WIDTH << stage
        for block in range(depth):
            at = f"visual.layer{stage + 1}.{block}"
            yield f"{at}.conv1", (width, inputs, 1)
            yield f"{at}.conv2", (width, width, 3)
            yield f"{at}.conv3", (4 * width, width, 1)
            if block == 0:
                yield f"{at}.downsample.0", (4 * width, inputs, 1)
            inputs = 4 * width


def encode_image(state: dict[str, Tensor], pixels: Tensor, positional: bool = True) -> Tensor:
    """The pooled output (B, 512) of CLIP's image encoder."""

    def folded(x: Tensor, conv: str, norm: str) -> Tensor:
        weight = state[f"visual.{conv}.weight"]
        x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        return normed(x, norm)

    def normed(x: Tensor, norm: str) -> Tensor:
        mean, var, weight, bias = (
            state[f"visual.{norm}.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.batch_norm(x, mean, var, weight, bias)

    stride_two = F.conv2d(pixels, state["visual.conv1.weight"], stride=2, padding=1)
    x = normed(stride_two, "bn1").relu()
    x = folded(x, "conv2", "bn2").relu()
    x = F.avg_pool2d(folded(x, "conv3", "bn3").relu(), 2)
    for stage, depth in enumerate(DEPTHS):
        for block in range(depth):
            at = f"layer{stage + 1}.{block}"
            stride = 2 if stage > 0 and block == 0 else 1
            y = folded(x, f"{at}.conv1", f"{at}.bn1").relu()
            y = folded(y, f"{at}.conv2", f"{at}.bn2").relu()
            y = folded(F.avg_pool2d(y, stride), f"{at}.conv3", f"{at}.bn3")
            if block == 0:
                x = folded(F.avg_pool2d(x, stride), f"{at}.downsample.0", f"{at}.downsample.1")
            x = (x + y).relu()
    return _attention_pool(state, x.flatten(2).permute(2, 0, 1), positional)


def _attention_pool(state: dict[str, Tensor], grid: Tensor, positional: bool) -> Tensor:
    weights, biases = (
        {part: state[f"visual.attnpool.{part}_proj.{kind}"] for part in "qkvc"}
        for kind in ("weight", "bias")
    )
    x = torch.cat([grid.mean(0, keepdim=True), grid])  # (1 + N, B, C)
    if positional:
        x = x + state["visual.attnpool.positional_embedding"][:, None]
    pooled, _ = F.multi_head_attention_forward(
        query=x[:1],
        key=x,
        value=x,
        embed_dim_to_check=CHANNELS,
        num_heads=CHANNELS // 64,
        in_proj_weight=None,
        in_proj_bias=torch.cat([biases[part] for part in "qkv"]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=weights["c"],
        out_proj_bias=biases["c"],
        training=False,
        need_weights=False,
        use_separate_proj_weight=True,
        q_proj_weight=weights["q"],
        k_proj_weight=weights["k"],
        v_proj_weight=weights["v"],
    )
    return pooled[0]
