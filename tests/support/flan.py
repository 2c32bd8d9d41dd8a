"""A random T5 of a few thousand weights as a folder of the hub holds it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

from tests.support.published import Sizes, State, published_state
from tests.support.sentencepiece import SIZE, tokenizer_folder

UNUSED = 3
"""Rows of FLAN-T5's matrix that no piece and no marker takes."""
SIZES = Sizes(d=48, heads=3, k=8, f=64, decoder=2, buckets=32, vocabulary=SIZE + UNUSED)
FIRST_T5 = replace(SIZES, gated=False, tied=True)


def flan_settings(sizes: Sizes = SIZES) -> dict[str, object]:
    """What stands in config.json."""
    return {
        "model_type": "t5",
        "d_model": sizes.d,
        "d_kv": sizes.k,
        "d_ff": sizes.f,
        "num_heads": sizes.heads,
        "num_layers": sizes.encoder,
        "num_decoder_layers": sizes.decoder,
        "feed_forward_proj": "gated-gelu" if sizes.gated else "relu",
        "relative_attention_num_buckets": sizes.buckets,
        "dropout_rate": 0.1,
        "layer_norm_epsilon": 1e-06,
        "tie_word_embeddings": sizes.tied,
        "vocab_size": sizes.vocabulary,
    }


def flan_state(sizes: Sizes = SIZES) -> State:
    """T5's share of a published state."""
    mine = ("gate", "visual", "proj_", "embed_tokens")
    return {k: v for k, v in published_state(sizes).items() if not any(m in k for m in mine)}


def write_flan(folder: Path, sizes: Sizes = SIZES) -> Path:
    """config.json, model.safetensors and spiece.model in `folder`."""
    tokenizer_folder(folder)
    (folder / "config.json").write_text(json.dumps(flan_settings(sizes)), encoding="utf-8")
    save_file({k: v.clone() for k, v in flan_state(sizes).items()}, folder / "model.safetensors")
    return folder


def in_transformers(folder: Path) -> T5ForConditionalGeneration:
    """The model in `folder` as transformers runs it."""
    config = T5Config(**json.loads((folder / "config.json").read_text("utf-8")))
    model = T5ForConditionalGeneration(config)
    if not config.scale_decoder_outputs:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    state = load_file(folder / "model.safetensors")
    aliases = {f"{s}.embed_tokens.weight": state["shared.weight"] for s in ("encoder", "decoder")}
    model.load_state_dict({**state, **aliases})
    return model.eval()
