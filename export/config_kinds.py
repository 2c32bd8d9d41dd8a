"""Maps the kinds in a configuration to tokenizer and tower classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from models.clip_config import ClipTowerConfig
from models.config import UMIEConfig
from models.tower_config import TowerConfig
from tasks.instruction import Prompter
from tasks.tokenizer import CompactTokenizer, T5Tokenizer

AnyTowerConfig = TowerConfig | ClipTowerConfig

_TOWERS: dict[str, type[AnyTowerConfig]] = {"compact": TowerConfig, "clip": ClipTowerConfig}


def load_tokenizer(
    text_encoder: Literal["t5", "minilm", "mpnet"], path: Path
) -> CompactTokenizer | T5Tokenizer:
    """Load the tokenizer of a text encoder; raises ValueError if the file is of another kind."""
    kind = T5Tokenizer if text_encoder == "t5" else CompactTokenizer
    return kind.load(path)


def prompter_of(
    config: UMIEConfig, tokenizer: CompactTokenizer | T5Tokenizer, prompt: Mapping[str, Any]
) -> Prompter:
    """The prompter of a model.

    Args:
        config: the model's configuration.
        tokenizer: its tokenizer.
        prompt: how prompts are built (`export.checkpoint.PromptConfig`); bundles of older weights
            have no `shared_pairs`.

    Raises:
        KeyError: another value is missing.
    """
    return Prompter(
        tokenizer,
        prompt["max_text_tokens"],
        prompt["max_tokens"],
        prompt["separator"],
        lines=config.text_encoder == "mpnet",
        shared_pairs=prompt.get("shared_pairs", False),
    )


def tower_values(config: AnyTowerConfig) -> dict[str, Any]:
    """A tower's configuration as plain values, its kind first."""
    kinds = {config_type: name for name, config_type in _TOWERS.items()}
    return {"kind": kinds[type(config)], **asdict(config)}


def tower_config(values: dict[str, Any]) -> AnyTowerConfig:
    """The configuration that `tower_values` gave; the kind defaults to "compact".

    Raises ValueError, TypeError or AttributeError where the values make no sense.
    """
    fields: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in values.items()
    }
    kind = fields.pop("kind", "compact")
    if kind not in _TOWERS:
        raise ValueError(f"{kind!r} is no kind of visual tower")
    return _TOWERS[kind](**fields)
