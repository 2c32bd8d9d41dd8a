"""A GroundingDINO that is tiny and random, in a folder as the real one's."""

from __future__ import annotations

import string
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertTokenizer,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    GroundingDinoImageProcessor,
    GroundingDinoProcessor,
    SwinConfig,
)

# The model knows what parts phrases by BERT's numbers.
_FIXED = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, ".": 1012, "?": 1029}


def vocabulary() -> dict[str, int]:
    """Letters, digits, and what BERT's vocabulary has at fixed places."""
    letters = string.ascii_lowercase + string.digits
    pieces = iter([*letters, *(f"##{letter}" for letter in letters)])
    taken = {place: token for token, place in _FIXED.items()}
    places = range(max(taken) + 1)
    return {taken.get(k) or next(pieces, f"[unused{k}]"): k for k in places}


def write_grounding_dino(folder: Path) -> Path:
    """Write model and processor to `folder`."""
    torch.manual_seed(0)
    tokens = vocabulary()
    swin = SwinConfig(
        image_size=32,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_indices=[2, 3, 4],
    )
    bert = BertConfig(
        vocab_size=len(tokens),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    config = GroundingDinoConfig(
        backbone_config=swin,
        text_config=bert,
        num_queries=40,
        encoder_layers=1,
        decoder_layers=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        d_model=32,
        num_feature_levels=3,
    )
    GroundingDinoForObjectDetection(config).save_pretrained(folder)
    scaling = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    tokenizer = BertTokenizer(vocab=tokens)
    GroundingDinoProcessor(scaling, tokenizer).save_pretrained(folder)
    return folder
