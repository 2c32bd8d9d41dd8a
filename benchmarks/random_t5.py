"""A random T5 with the same weights in three formats: ours, transformers and CTranslate2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import T5Config, T5ForConditionalGeneration

from export.published import published_names
from models.config import UMIEConfig
from models.umie import UMIE

START, EOS, UNKNOWN = 0, 1, 2
_PARTS = ("shared.", "text_encoder.", "decoder.", "lm_head.")


def random_umie(config: UMIEConfig, seed: int = 0) -> UMIE:
    """Random weights of a T5 preset; special tokens are never the most probable."""
    torch.manual_seed(seed)
    model = UMIE(config).eval().requires_grad_(False)
    assert model.lm_head is not None
    model.lm_head.weight[: UNKNOWN + 1] = 0.0
    return model


def in_transformers(model: UMIE) -> T5ForConditionalGeneration:
    """The network of transformers with the same (shared) weights."""
    settings = model.config
    values: dict[str, Any] = {
        "vocab_size": settings.vocab_size,
        "d_model": settings.d_model,
        "d_kv": settings.d_kv,
        "d_ff": settings.d_ff,
        "num_layers": settings.num_layers,
        "num_decoder_layers": settings.num_decoder_layers,
        "num_heads": settings.num_heads,
        "feed_forward_proj": settings.feed_forward,
        "tie_word_embeddings": False,
        "decoder_start_token_id": START,
        "pad_token_id": START,
        "eos_token_id": EOS,
    }
    config = T5Config(**values)
    with torch.device("meta"):
        theirs = T5ForConditionalGeneration(config)
    own = model.state_dict()
    state = {
        their: own[name]
        for name, their in published_names(settings).items()
        if name.startswith(_PARTS)
    }
    aliases = {f"{part}.embed_tokens.weight": state["shared.weight"] for part in _STACKS}
    theirs.lm_head.weight = torch.nn.Parameter(state["lm_head.weight"], requires_grad=False)
    theirs.load_state_dict({**state, **aliases}, assign=True)
    return theirs.eval()


_STACKS = ("encoder", "decoder")


def write_for_ctranslate2(model: T5ForConditionalGeneration, folder: Path) -> Path:
    """Write a folder for CTranslate2, in fp32; ImportError if it is not installed.

    The names of its tokens are their ids.
    """
    from ctranslate2.converters import TransformersConverter

    class Converter(TransformersConverter):  # type: ignore[misc]
        def load_model(self, *_: Any, **__: Any) -> T5ForConditionalGeneration:
            return model

        def load_tokenizer(self, *_: Any, **__: Any) -> _Numbers:
            return _Numbers(model.config.vocab_size)

    model.config.save_pretrained(folder / "config")
    Converter(str(folder / "config")).convert(str(folder / "converted"))
    return folder / "converted"


class _Numbers:
    """A tokenizer whose tokens are ids."""

    pad_token, eos_token, unk_token = str(START), str(EOS), str(UNKNOWN)

    def __init__(self, size: int) -> None:
        self._size = size

    def get_vocab(self) -> dict[str, int]:
        return {str(number): number for number in range(self._size)}

    def convert_ids_to_tokens(self, number: int) -> str:
        return str(number)
