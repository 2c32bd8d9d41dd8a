"""The standard preset's text encoder: MPNet-base, projected to the width of the compact half.

MPNet (Song et al., 2020) is a post-norm BERT with T5-like relative position biases. Its word
pieces are BERT's behind four special tokens of its own, so the compact tokenizer serves both. As
in `models.minilm` the case of a token goes in beside it, and the bare token embedding of the
compact half is added to the output.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.adapters import LEARNED
from models.config import UMIEConfig
from models.layer_norm import LayerNorm
from models.t5 import mix

WIDTH, FEED_FORWARD, LAYERS, HEADS = 768, 3072, 12, 12
POSITION_BUCKETS, MAX_DISTANCE = 32, 128
POSITIONS = 512
CASES = 8
"""Four cases of a token's letters, and the same for the first token of a line."""
MARKERS = 16
"""The vocabulary's first ids, used for markers; MPNet is not pre-trained on them."""
SPECIAL_TOKENS = {101: 0, 102: 2, 0: 1}
"""[CLS], [SEP] and [PAD] of the compact tokenizer as MPNet's <s>, </s> and <pad>."""
EPSILON = 1e-5
ADAPTED = 4
"""The first layer that learns; those below it stay as they were published. What MPNet has never
seen, cases and markers, comes in before it."""


class MPNetLayer(nn.Module):
    """Post-norm self-attention and feed-forward."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.out_norm = LayerNorm(WIDTH, eps=EPSILON)
        self.up = nn.Linear(WIDTH, FEED_FORWARD)
        self.down = nn.Linear(FEED_FORWARD, WIDTH)
        self.down_norm = LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (B, L, 768), bias (B, 12, L, L) -> (B, L, 768)."""
        split = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split[0], split[1], split[2]  # (B, 12, L, 64)
        mixed = mix(query * query.shape[-1] ** -0.5, key, value, bias)
        x = self.out_norm(x + self.out(mixed))
        return self.down_norm(x + self.down(F.gelu(self.up(x))))


class MPNetEncoder(nn.Module):
    """Token ids and cases to text states t."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d = config.d_model
        self.words = nn.Embedding(config.vocab_size, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.markers = nn.Embedding(MARKERS, WIDTH)
        self.cases = nn.Embedding(CASES, WIDTH)
        self.norm = LayerNorm(WIDTH, eps=EPSILON)
        self.position_bias = nn.Embedding(POSITION_BUCKETS, HEADS)
        self.layers = nn.ModuleList(MPNetLayer() for _ in range(LAYERS))
        self.project = nn.Linear(WIDTH, d)
        self.skip = nn.Linear(d, d, bias=False)
        nn.init.zeros_(self.cases.weight)
        nn.init.zeros_(self.markers.weight)
        nn.init.zeros_(self.skip.weight)
        self.skip.weight.data.fill_diagonal_(0.5)

    def forward(self, ids: Tensor, embedded: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        """Encode a batch.

        Args:
            ids: (B, L) of the compact tokenizer.
            embedded: (B, L, d) bare token embeddings of the compact half.
            mask: (B, L) 1 real, 0 padding.
            cases: (B, L) in 0..7.

        Returns:
            t (B, L, d)
        """
        # a frozen encoder runs in its own type; autocast would only add casts between its layers
        with torch.autocast(ids.device.type, enabled=False):
            states = self.states(ids, mask, cases)
        return self.project(states) + self.skip(embedded)

    def states(self, ids: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        """MPNet's own states (B, L, 768)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.norm(self.words(ids) + self.positions(places))
        hidden = (1.0 - mask.float())[:, None, None, :] * -1e9
        buckets = _BUCKETS[: ids.shape[1], : ids.shape[1]].to(ids.device)
        bias = self.position_bias(buckets).permute(2, 0, 1)[None].float()
        bias = bias + hidden  # (B, 12, L, L)
        for number, layer in enumerate(self.layers):
            if number == ADAPTED:
                own = self.cases(cases) + self.markers(ids.clamp(max=MARKERS - 1))
                x = x + own.to(x.dtype)
            x = layer(x, bias)
        return x.to(self.project.weight.dtype)

    def load_mpnet(self, weights: dict[str, Tensor], special: dict[int, int]) -> None:
        """Take over an MPNet checkpoint's encoder; see `mpnet_weights`."""
        new = mpnet_weights(weights, special, self.words.num_embeddings)
        missing, unexpected = self.load_state_dict(new, strict=False)
        if unexpected or any(not name.startswith(LEARNED) for name in missing):
            raise ValueError(f"not MPNet-base: missing {missing}, unexpected {unexpected}")


def mpnet_weights(
    weights: dict[str, Tensor], special: dict[int, int], vocabulary: int
) -> dict[str, Tensor]:
    """The weights of an `MPNetEncoder` that come from an MPNet checkpoint.

    Args:
        weights: of `MPNetModel`, as the published safetensors file names them.
        special: ids of the compact tokenizer whose words are MPNet's own special tokens, and
            the ids of these.
        vocabulary: how many ids the compact tokenizer has.

    Raises KeyError where the weights are not MPNet-base's.
    """
    words = weights["embeddings.word_embeddings.weight"]
    table = words[_SPECIAL_TOKENS : _SPECIAL_TOKENS + vocabulary].clone()
    for ours, theirs in special.items():
        table[ours] = words[theirs]
    new = {
        "words.weight": table,
        # the first two positions are padding's
        "positions.weight": weights["embeddings.position_embeddings.weight"][2:],
        "norm.weight": weights["embeddings.LayerNorm.weight"],
        "norm.bias": weights["embeddings.LayerNorm.bias"],
        "position_bias.weight": weights["encoder.relative_attention_bias.weight"],
    }
    for i in range(LAYERS):
        old = f"encoder.layer.{i}."
        for kind in ("weight", "bias"):
            parts = [weights[f"{old}attention.attn.{p}.{kind}"] for p in ("q", "k", "v")]
            new[f"layers.{i}.qkv.{kind}"] = torch.cat(parts)
            for ours_name, theirs_name in _NAMES.items():
                new[f"layers.{i}.{ours_name}.{kind}"] = weights[f"{old}{theirs_name}.{kind}"]
    return new


_SPECIAL_TOKENS = 4
_NAMES = {
    "out": "attention.attn.o",
    "out_norm": "attention.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}


def _buckets(places: Tensor) -> Tensor:
    """Bucket numbers (L, L) of positions (L,): MPNet's rule, which is T5's mirrored."""
    distance = places[:, None] - places[None, :]  # query - key
    half = POSITION_BUCKETS // 2
    before = (distance < 0).long() * half
    distance = distance.abs()
    exact = half // 2
    ratio = distance.clamp(min=1).float() / exact
    far = exact + (torch.log(ratio) / math.log(MAX_DISTANCE / exact) * (half - exact)).long()
    return before + torch.where(distance < exact, distance, far.clamp(max=half - 1))


# a table rather than logarithms at run time, which round differently elsewhere
_BUCKETS = _buckets(torch.arange(POSITIONS))
