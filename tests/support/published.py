"""A small checkpoint in the published layout, and the published forward pass written out plainly.

It shares nothing with `models`: names are the published ones, formulas those of its section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]
SELF, CROSS, FF = "SelfAttention", "EncDecAttention", "DenseReluDense"
VISUAL, GATE = "encoder.visual_embedding", "encoder.gate"


@dataclass(frozen=True)
class Sizes:
    """Heads times their width differ from d on purpose."""

    d: int = 16
    heads: int = 3
    k: int = 4
    f: int = 20
    encoder: int = 2
    decoder: int = 3
    buckets: int = 16
    vocabulary: int = 50
    gated: bool = True
    tied: bool = False


def published_state(sizes: Sizes, seed: int = 3) -> State:
    """Seeded weights under the published names, aliases and unused weights included.

    With the default seed and `small_inputs`, some gates are positive and some are negative.
    """
    generator = torch.Generator().manual_seed(seed)
    state: State = {}

    def put(key: str, *shape: int) -> None:
        scale = 1.0 if len(shape) == 1 else shape[1] ** -0.5
        state[key] = torch.randn(shape, generator=generator) * scale

    def norm(key: str) -> None:
        state[f"{key}.weight"] = 1 + 0.2 * torch.randn(sizes.d, generator=generator)

    def attention(at: str, kind: str, *, table: bool = False) -> None:
        for part in "qkv":
            put(f"{at}.{kind}.{part}.weight", sizes.heads * sizes.k, sizes.d)
        put(f"{at}.{kind}.o.weight", sizes.d, sizes.heads * sizes.k)
        if table:
            key = f"{at}.{kind}.relative_attention_bias.weight"
            state[key] = torch.randn(sizes.buckets, sizes.heads, generator=generator)
        norm(f"{at}.layer_norm")

    def feed_forward(at: str) -> None:
        for part in ("wi_0", "wi_1") if sizes.gated else ("wi",):
            put(f"{at}.{FF}.{part}.weight", sizes.f, sizes.d)
        put(f"{at}.{FF}.wo.weight", sizes.d, sizes.f)
        norm(f"{at}.layer_norm")

    def stack(at: str, depth: int) -> None:
        for i in range(depth):
            attention(f"{at}.block.{i}.layer.0", SELF, table=i == 0)
            if at == "decoder":
                attention(f"{at}.block.{i}.layer.1", CROSS)
            feed_forward(f"{at}.block.{i}.layer.{2 if at == 'decoder' else 1}")
        norm(f"{at}.final_layer_norm")

    state["shared.weight"] = torch.randn(sizes.vocabulary, sizes.d, generator=generator)
    stack("encoder", sizes.encoder)
    stack(f"{VISUAL}.vstack", 2)
    stack("decoder", sizes.decoder)
    for name, width in (("feat_embedding", 512), ("absolute_vis_pos_embedding", 5)):
        put(f"{VISUAL}.{name}.0.weight", sizes.d, width)
        put(f"{VISUAL}.{name}.0.bias", sizes.d)
        norm(f"{VISUAL}.{name}.1")
    put(f"{VISUAL}.img_order_embedding.weight", 2, sizes.d)
    attention(f"{GATE}.layer.0", CROSS)
    feed_forward(f"{GATE}.layer.1")
    for at in (f"{GATE}.", ""):
        for side in "tv":
            put(f"{at}proj_{side}.weight", 384, sizes.d)
            put(f"{at}proj_{side}_2.weight", 128, 384)
    put(f"{GATE}.feat.weight", sizes.d, 512)
    for stem in ("encoder.embed_tokens", "decoder.embed_tokens", f"{VISUAL}.obj_order_embedding"):
        state[f"{stem}.weight"] = state["shared.weight"].clone()
    put("lm_head.weight", sizes.vocabulary, sizes.d)
    if sizes.tied:
        state["lm_head.weight"] = state["shared.weight"].clone()
    return state


@dataclass(frozen=True)
class Published:
    """The published forward pass over a state dict."""

    state: State
    sizes: Sizes

    def norm(self, key: str, x: Tensor) -> Tensor:
        return self.state[f"{key}.weight"] * x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def attention(self, at: str, x: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """bias broadcastable to (B, H, Q, K)."""
        heads = (self.sizes.heads, self.sizes.k)
        q, k, v = (
            (y @ self.state[f"{at}.{part}.weight"].T).unflatten(-1, heads)
            for part, y in (("q", x), ("k", memory), ("v", memory))
        )
        weights = (torch.einsum("bqhk,bmhk->bhqm", q, k) + bias).softmax(-1)
        mixed = torch.einsum("bhqm,bmhk->bqhk", weights, v).flatten(2)
        return mixed @ self.state[f"{at}.o.weight"].T

    def feed_forward(self, at: str, x: Tensor) -> Tensor:
        def weight(part: str) -> Tensor:
            return self.state[f"{at}.{FF}.{part}.weight"].T

        if not self.sizes.gated:
            return (x @ weight("wi")).clamp(min=0) @ weight("wo")
        y = x @ weight("wi_0")
        gelu = 0.5 * y * (1 + torch.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))
        return gelu * (x @ weight("wi_1")) @ weight("wo")

    def bias(self, stack: str, length: int, *, causal: bool) -> Tensor:
        """(H, length, length), by query and key."""
        table = self.state[f"{stack}.block.0.layer.0.{SELF}.relative_attention_bias.weight"]
        rows = [
            [bucket(key - query, self.sizes.buckets, causal=causal) for key in range(length)]
            for query in range(length)
        ]
        return table[torch.tensor(rows)].permute(2, 0, 1)

    def layer(self, at: str, x: Tensor, memory: Tensor | None, bias: Tensor) -> Tensor:
        """x + attention(norm(x)); to itself without a memory."""
        normed = self.norm(f"{at}.layer_norm", x)
        if memory is None:
            return x + self.attention(f"{at}.{SELF}", normed, normed, bias)
        return x + self.attention(f"{at}.{CROSS}", normed, memory, bias)

    def thought(self, at: str, x: Tensor) -> Tensor:
        """x + feed-forward(norm(x))."""
        return x + self.feed_forward(at, self.norm(f"{at}.layer_norm", x))

    def encode(self, stack: str, depth: int, x: Tensor, padding: Tensor) -> Tensor:
        bias = self.bias(stack, x.shape[1], causal=False) + padding
        for i in range(depth):
            x = self.layer(f"{stack}.block.{i}.layer.0", x, None, bias)
            x = self.thought(f"{stack}.block.{i}.layer.1", x)
        return self.norm(f"{stack}.final_layer_norm", x)

    def text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """t (B, L, d)."""
        x = self.state["shared.weight"][ids]
        return self.encode("encoder", self.sizes.encoder, x, padding_of(mask))

    def visual(self, features: Tensor, boxes: Tensor) -> Tensor:
        """v (B, N, d)."""
        x1, y1, x2, y2 = boxes.unbind(-1)
        five = torch.stack([x1, y1, x2, y2, (y2 - y1) * (x2 - x1)], dim=-1)
        x = self.state[f"{VISUAL}.img_order_embedding.weight"][0]
        for name, y in (("feat_embedding", features), ("absolute_vis_pos_embedding", five)):
            weight, bias = (self.state[f"{VISUAL}.{name}.0.{part}"] for part in ("weight", "bias"))
            x = x + self.norm(f"{VISUAL}.{name}.1", y @ weight.T + bias)
        last = self.sizes.vocabulary - 1
        x = x + self.state["shared.weight"][[last - i for i in range(features.shape[1])]]
        return self.encode(f"{VISUAL}.vstack", 2, x, torch.zeros(()))

    def gate(self, t: Tensor, v: Tensor) -> Tensor:
        """g (B,), padding averaged in."""

        def direction(side: str, x: Tensor) -> Tensor:
            for part in (f"proj_{side}", f"proj_{side}_2"):
                x = x @ self.state[f"{GATE}.{part}.weight"].T
            mean = x.mean(1)
            return mean / mean.norm(dim=-1, keepdim=True).clamp(min=1e-12)

        c = (direction("t", t) * direction("v", v)).sum(-1) * math.exp(0.5)
        return torch.where(c > 0, c, 1e-4 * c)

    def fuse(self, t: Tensor, v: Tensor) -> Tensor:
        """(1 + g) t + g (attention + feed-forward)."""
        h = self.layer(f"{GATE}.layer.0", t, v, torch.zeros(()))
        return t + self.gate(t, v)[:, None, None] * self.thought(f"{GATE}.layer.1", h)

    def decode(self, prefixes: Tensor, fused: Tensor, mask: Tensor) -> Tensor:
        """y (B, T, d)."""
        x = self.state["shared.weight"][prefixes]
        length = x.shape[1]
        bias = self.bias("decoder", length, causal=True)
        bias = bias + torch.full((length, length), -torch.inf).triu(1)
        for i in range(self.sizes.decoder):
            at = f"decoder.block.{i}.layer"
            x = self.layer(f"{at}.0", x, None, bias)
            x = self.layer(f"{at}.1", x, fused, padding_of(mask))
            x = self.thought(f"{at}.2", x)
        return self.norm("decoder.final_layer_norm", x)

    def greedy(self, fused: Tensor, mask: Tensor, length: int) -> list[list[int]]:
        """The likeliest tokens to every row's end token, or to `length`; start tokens left out."""
        answers = []
        for row in range(len(mask)):
            tokens = [0]
            while len(tokens) < length and tokens[-1] != 1:
                states = self.decode(torch.tensor([tokens]), fused[[row]], mask[[row]])
                tokens.append(int(self.logits(states)[0, -1].argmax()))
            answers.append(tokens[1:])
        return answers

    def logits(self, states: Tensor) -> Tensor:
        scale = self.sizes.d**-0.5 if self.sizes.tied else 1.0
        return states * scale @ self.state["lm_head.weight"].T


def padding_of(mask: Tensor) -> Tensor:
    """(B, L) 1 real 0 padding -> (B, 1, 1, L), -inf where padding is."""
    return torch.zeros(mask.shape).masked_fill(mask == 0, -torch.inf)[:, None, None]


def bucket(relative: int, buckets: int, *, causal: bool) -> int:
    """The bucket of key - query, maximum distance 128."""
    half = buckets if causal else buckets // 2
    offset = 0 if causal or relative <= 0 else half
    n = max(0, -relative) if causal else abs(relative)
    m = half // 2
    if n < m:
        return offset + n
    return offset + min(half - 1, m + int(math.log(n / m) / math.log(128 / m) * (half - m)))
