"""The standard preset in small: MPNet with few layers and narrow ones, and its published weights.

A `conftest.py` that imports `small_mpnet` gives it to its tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import MPNetConfig, MPNetModel

from export import pretrained_encoder
from export.manifest import digest_of
from models import mpnet
from models.umie import UMIE
from tests.support import bundle

CONFIG = bundle.CONFIG.with_(
    preset="standard",
    text_encoder="mpnet",
    num_layers=3,
    brackets=None,
    span_first=True,
    scorer_size=8,
)
WIDTH = 24


def published(seed: int = 0) -> MPNetModel:
    """A small MPNet as its makers write it, with weights far from zero."""
    config = MPNetConfig(
        vocab_size=CONFIG.vocab_size + 5,
        hidden_size=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=12,
        intermediate_size=40,
        max_position_embeddings=mpnet.POSITIONS + 2,
        layer_norm_eps=mpnet.EPSILON,
        attn_implementation="eager",
    )
    model = MPNetModel(config, add_pooling_layer=False).eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    return model.requires_grad_(False)


def weights_of(model: MPNetModel) -> dict[str, Tensor]:
    """Its weights as they are published."""
    return {name: value.contiguous() for name, value in model.state_dict().items()}


@pytest.fixture
def small_mpnet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the published weights of `published()`, and limits for no larger MPNet."""
    for name, value in (("WIDTH", WIDTH), ("FEED_FORWARD", 40), ("LAYERS", 3), ("ADAPTED", 1)):
        monkeypatch.setattr(mpnet, name, value)
    monkeypatch.setattr("training.text.adapters.ADAPTED", 1)
    folder = tmp_path / "mpnet"
    folder.mkdir()
    save_file(weights_of(published()), folder / pretrained_encoder.FILE)
    monkeypatch.setattr(pretrained_encoder, "DIGEST", digest_of(folder / pretrained_encoder.FILE))
    monkeypatch.setenv(pretrained_encoder.CACHE, str(tmp_path / "cache"))
    return folder


def small_standard(folder: Path, seed: int = 3) -> UMIE:
    """The standard preset in small around the weights in `folder`, the rest random."""
    torch.manual_seed(seed)
    model = UMIE(CONFIG).eval()
    text_encoder = model.text_encoder
    assert isinstance(text_encoder, mpnet.MPNetEncoder)
    text_encoder.load_mpnet(load_file(folder / pretrained_encoder.FILE), mpnet.SPECIAL_TOKENS)
    return model
