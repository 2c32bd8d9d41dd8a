"""The configuration of a UMIE model, and the presets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

MAX_REGIONS = 36
"""Regions of an image, as in the paper; `tasks.records` and `schema.regions` have the same number
for layers that do not know the models."""

VISUAL_ROWS = 1 + MAX_REGIONS
"""Rows of visual states: the whole image and its regions."""

VISUAL_WIDTH = 512
"""Width of the visual feature rows; a literal in the published code (reference section 2)."""


@dataclass(frozen=True, slots=True)
class UMIEConfig:
    """Sizes and switches of a UMIE model; names follow T5's configuration.

    gate_pool: "masked" averages the text over its real positions, so an answer never depends on
    what it is batched with; "all" averages over padding too, as the published code does (reference
    3.4).
    copy_size: width of the copy head's queries and keys, 0 for none.
    brackets: ids of the tokens that open and close records, if the decoder embeds the bracket depth
    of each token; None as published.
    span_first: answers name a span before its type, in place of the published order;
    `models.span_scorer` scores the types. scorer_size: width of that scorer, 0 for none.
    """

    preset: str
    text_encoder: Literal["t5", "minilm", "mpnet"]
    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_heads: int
    num_layers: int
    num_decoder_layers: int
    feed_forward: Literal["gated-gelu", "relu"] = "gated-gelu"
    tie_word_embeddings: bool = False
    relative_attention_num_buckets: int = 32
    dropout: float = 0.1
    gate_pool: Literal["masked", "all"] = "masked"
    copy_size: int = 0
    brackets: tuple[int, int] | None = None
    span_first: bool = False
    scorer_size: int = 0

    def with_(self, **changes: Any) -> UMIEConfig:
        """The same configuration with `changes`."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain values, for manifests."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> UMIEConfig:
        """The configuration that `to_dict` gave; TypeError on unknown or missing keys."""
        brackets = values.get("brackets")
        return cls(**{**values, "brackets": tuple(brackets) if brackets else None})


def _flan(
    name: str, d_model: int, d_ff: int, heads: int, layers: int, d_kv: int = 64
) -> UMIEConfig:
    # V = 32102: FLAN-T5's matrix shrunk to the tokenizer plus two markers (reference section 1.1).
    return UMIEConfig(name, "t5", 32102, d_model, d_kv, d_ff, heads, layers, layers)


PRESETS = {
    "compact": UMIEConfig(
        preset="compact",
        text_encoder="minilm",
        vocab_size=30522,
        d_model=384,
        d_kv=64,
        d_ff=1024,
        num_heads=6,
        num_layers=6,
        num_decoder_layers=4,
        tie_word_embeddings=True,
        copy_size=128,
        brackets=(1, 2),  # [unused0] and [unused1] of BERT's vocabulary
    ),
    "standard": UMIEConfig(
        preset="standard",
        text_encoder="mpnet",
        vocab_size=30522,
        d_model=384,
        d_kv=64,
        d_ff=1024,
        num_heads=6,
        num_layers=12,
        num_decoder_layers=4,
        tie_word_embeddings=True,
        copy_size=128,
        span_first=True,
        scorer_size=256,
    ),
    "base": _flan("base", 768, 2048, 12, 12),
    "large": _flan("large", 1024, 2816, 16, 24),
    "xl": _flan("xl", 2048, 5120, 32, 24),
}
