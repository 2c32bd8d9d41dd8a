"""The compact preset's text encoder: MiniLM (a 6-layer BERT), with case embeddings and a skip.

The tokenizer drops case, a strong feature of names, so each token's case is embedded too. The
skip adds the bare token embedding to the output: copying mentions is learned much faster with it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.config import UMIEConfig
from models.layer_norm import LayerNorm
from models.t5 import mix

CASES = 4
MAX_POSITIONS = 512
HEADS = 12


class BertLayer(nn.Module):
    """Post-norm self-attention and feed-forward."""

    def __init__(self, d: int, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)
        self.out_norm = LayerNorm(d, eps=1e-12)
        self.up = nn.Linear(d, 4 * d)
        self.down = nn.Linear(4 * d, d)
        self.down_norm = LayerNorm(d, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (B, L, d), bias (B, 1, 1, L) -> (B, L, d)."""
        split = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = split[0], split[1], split[2]  # (B, 12, L, d / 12)
        mixed = mix(query * query.shape[-1] ** -0.5, key, value, bias)
        x = self.out_norm(x + self.dropout(self.out(mixed)))
        return self.down_norm(x + self.dropout(self.down(F.gelu(self.up(x)))))


class MiniLMEncoder(nn.Module):
    """Token ids and cases to text states t."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d = config.d_model
        self.positions = nn.Embedding(MAX_POSITIONS, d)
        self.kind = nn.Parameter(torch.zeros(d))
        self.cases = nn.Embedding(CASES, d)
        self.norm = LayerNorm(d, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(d, config.dropout) for _ in range(config.num_layers))
        self.skip = nn.Linear(d, d, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.zeros_(self.cases.weight)
        nn.init.zeros_(self.skip.weight)
        self.skip.weight.data.fill_diagonal_(0.5)

    def forward(self, embedded: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        """embedded (B, L, d) bare token embeddings, mask (B, L), cases (B, L) -> t (B, L, d)."""
        places = torch.arange(embedded.shape[1], device=embedded.device)
        x = embedded + self.positions(places) + self.kind + self.cases(cases)
        x = self.dropout(self.norm(x))
        bias = (1.0 - mask.float())[:, None, None, :] * -1e9
        for layer in self.layers:
            x = layer(x, bias)
        return x + self.skip(embedded)

    def load_bert(self, weights: dict[str, Tensor]) -> None:
        """Take over a BERT checkpoint's encoder; word embeddings are the caller's."""
        new = {
            "positions.weight": weights["embeddings.position_embeddings.weight"],
            "kind": weights["embeddings.token_type_embeddings.weight"][0],
            "norm.weight": weights["embeddings.LayerNorm.weight"],
            "norm.bias": weights["embeddings.LayerNorm.bias"],
        }
        for i in range(len(self.layers)):
            old = f"encoder.layer.{i}."
            for kind in ("weight", "bias"):
                parts = [
                    weights[f"{old}attention.self.{p}.{kind}"] for p in ("query", "key", "value")
                ]
                new[f"layers.{i}.qkv.{kind}"] = torch.cat(parts)
                for ours, theirs in _BERT_NAMES.items():
                    new[f"layers.{i}.{ours}.{kind}"] = weights[f"{old}{theirs}.{kind}"]
        missing, unexpected = self.load_state_dict(new, strict=False)
        if unexpected or set(missing) - {"cases.weight", "skip.weight"}:
            raise ValueError(f"not a MiniLM checkpoint: missing {missing}, unexpected {unexpected}")


_BERT_NAMES = {
    "out": "attention.output.dense",
    "out_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
