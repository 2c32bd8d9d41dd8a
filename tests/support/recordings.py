"""A folder of recordings as `export.parity` reads them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from export.parity import observe
from tests.support.published import published_state
from tests.support.umie import Sizes, both, small_inputs

LENGTH = 4


def record(folder: Path, sizes: Sizes) -> Path:
    """Record the published forward pass, derived by hand; ids are our own."""
    folder.mkdir()
    inputs = small_inputs(length=8, steps=5)
    model, published = both(sizes)
    named = {
        "input_ids": inputs.ids,
        "attention_mask": inputs.mask,
        "vis_feats": inputs.features,
        "boxes": inputs.boxes,
        "decoder_input_ids": inputs.prefixes,
    }
    ids, mask, features, boxes, prefixes = inputs
    text, visual = published.text(ids, mask), published.visual(features, boxes)
    fused = published.fuse(text, visual)
    hidden = published.decode(prefixes, fused, mask)
    expected = {
        "text_hidden": text,
        "vis_embeds": visual,
        "gate_rate": published.gate(text, visual),
        "enc_hidden": fused,
        "dec_hidden": hidden,
        "logits": published.logits(hidden),
        "greedy_ids": observe(model, named, LENGTH)["greedy_ids"],
    }
    save_file(published_state(sizes), folder / "state_dict.safetensors")
    save_file(named, folder / "case.inputs.safetensors")
    save_file(
        {n: t.contiguous() for n, t in expected.items()}, folder / "case.expected.safetensors"
    )
    config = {
        "d_model": sizes.d,
        "d_kv": sizes.k,
        "d_ff": sizes.f,
        "num_layers": sizes.encoder,
        "num_decoder_layers": sizes.decoder,
        "num_heads": sizes.heads,
        "vocab_size": sizes.vocabulary,
        "relative_attention_num_buckets": sizes.buckets,
        "feed_forward_proj": "gated-gelu" if sizes.gated else "relu",
        "tie_word_embeddings": sizes.tied,
        "generation_max_length": LENGTH,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def change(folder: Path, name: str, by: torch.Tensor | None) -> None:
    """Add `by` to a recorded tensor, or cut off its first sample."""
    path = folder / "case.expected.safetensors"
    expected = load_file(path)
    expected[name] = expected[name][1:].clone() if by is None else expected[name] + by
    save_file(expected, path)
