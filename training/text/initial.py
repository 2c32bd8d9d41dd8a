"""Initial model and prompt limits of instruction tuning."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file

from models.config import PRESETS
from models.minilm import MiniLMEncoder
from models.umie import UMIE

MAX_TEXT_TOKENS, MAX_TOKENS, SEPARATOR = 256, 448, " "
"""Prompt limits of newly initialised models; see `tasks.instruction.Prompter`."""
LEAST_REGION_SCORE = 0.1
"""Regions with a lower score are not used as input."""


def compact_model(encoder: Path) -> UMIE:
    """The compact preset with MiniLM's weights in its text encoder."""
    model = UMIE(PRESETS["compact"])
    weights = load_file(encoder / "model.safetensors")
    assert isinstance(model.text_encoder, MiniLMEncoder)
    model.text_encoder.load_bert(weights)
    model.shared.weight.data.copy_(weights["embeddings.word_embeddings.weight"])
    return model
