"""The decoder half of UMIE: token embeddings, decoder, LM head and copy head.

The service runs it in torch; the encoder half runs in ONNX Runtime.
"""

from __future__ import annotations

from torch import Tensor, nn

from models.bracket_depth import BracketDepth
from models.config import UMIEConfig
from models.copy_head import CopyHead
from models.decoder import Decoder
from models.span_scorer import SpanScorer


class TargetDecoder(nn.Module):
    """Decodes encoder memory to tokens. Weights of `UMIE`, its subclass, load here unchanged."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        self.config = config
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.decoder = Decoder(config)
        self.lm_head = (
            None
            if config.tie_word_embeddings
            else nn.Linear(config.d_model, config.vocab_size, bias=False)
        )
        self.copy_head = CopyHead(config) if config.copy_size else None
        self.span_scorer = SpanScorer(config) if config.scorer_size else None
        self.nesting = BracketDepth(config.brackets, config.d_model) if config.brackets else None

    def embed(self, tokens: Tensor, depths: Tensor | None = None) -> Tensor:
        """Embed the decoder's input: target tokens (..., T) to x (..., T, d).

        `depths` (..., T) of `BracketDepth`; None to count the brackets of whole prefixes.
        """
        x = self.shared(tokens)
        if self.nesting is None:
            return x
        return x + self.nesting(self.nesting.depths(tokens) if depths is None else depths)

    @property
    def copy_width(self) -> int:
        """Width of a memory's copy keys: the copy head's and the span scorer's."""
        return self.config.copy_size + (self.span_scorer.width if self.span_scorer else 0)

    @property
    def output_embeddings(self) -> Tensor:
        """(V, d) output embeddings, which score tokens by dot product with a state."""
        return self.shared.weight if self.lm_head is None else self.lm_head.weight

    @property
    def output_scale(self) -> float:
        """Factor on states before that comparison: d^-0.5 when tied (reference 3.5)."""
        return self.config.d_model**-0.5 if self.lm_head is None else 1.0
