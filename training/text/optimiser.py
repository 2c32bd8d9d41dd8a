"""AdamW with a slower rate for the pre-trained encoder, warm-up and linear decay."""

from __future__ import annotations

from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.umie import UMIE

_DEPTHS_FASTER = 5.0
"""They begin at zero beside tokens of length 1.5. At the rate of the others they came to a tenth
of that in 2,600 steps, and had hardly any effect on the decoder."""


_SCORER_FASTER = 2.0
_POSITIONS_FASTER = 10.0
"""A table of biases is in units of logits, where other weights are a fraction of that."""


def build_optimiser(
    model: UMIE,
    *,
    new_rate: float,
    pretrained_rate: float,
    betas: tuple[float, float] = (0.9, 0.98),
    epsilon: float = 1e-8,
) -> AdamW:
    """Parameters that begin pre-trained learn at `pretrained_rate`, all others at `new_rate`.

    But for the vectors of depth, the span scorer and the decoder's position table, which learn
    faster. Those that want no gradient are left out.
    """
    groups: dict[float, list[Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = _rate(name, new_rate, pretrained_rate)
            groups.setdefault(rate, []).append(parameter)
    each = [{"params": found, "lr": rate} for rate, found in groups.items()]
    return AdamW(each, weight_decay=0.01, betas=betas, eps=epsilon, fused=True)


def _rate(name: str, new_rate: float, pretrained_rate: float) -> float:
    if name.startswith("nesting."):
        return _DEPTHS_FASTER * new_rate
    if name.startswith("span_scorer."):
        return _SCORER_FASTER * new_rate
    if name == "decoder.bias.table.weight":
        return _POSITIONS_FASTER * new_rate
    slow = name.startswith(("text_encoder.", "shared.")) and "skip" not in name
    return pretrained_rate if slow else new_rate


def build_schedule(optimiser: AdamW, *, warmup: int, steps: int) -> LambdaLR:
    """Linear rise over `warmup` steps, then linear fall to zero at `steps`."""

    def factor(step: int) -> float:
        return min((step + 1) / max(1, warmup), max(0.0, (steps - step) / max(1, steps - warmup)))

    return LambdaLR(optimiser, factor)
