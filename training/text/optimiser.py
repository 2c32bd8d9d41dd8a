"""AdamW with a lower rate for the pre-trained encoder, warm-up and linear decay."""

from __future__ import annotations

from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.umie import UMIE

_DEPTHS_FASTER = 5.0
"""Rate factor of the depth embeddings. They start at zero, while token vectors have norm 1.5. With
the common rate they reached a tenth of that in 2,600 steps and had little effect on the decoder."""


_SCORER_FASTER = 2.0
_POSITIONS_FASTER = 10.0
"""Rate factor of position biases, which are in units of logits: larger than other weights."""


def build_optimiser(
    model: UMIE,
    *,
    new_rate: float,
    pretrained_rate: float,
    betas: tuple[float, float] = (0.9, 0.98),
    epsilon: float = 1e-8,
) -> AdamW:
    """Build AdamW with `pretrained_rate` for pre-trained parameters and `new_rate` for others.

    The depth embeddings, the span scorer and the decoder's position table have higher rates. Frozen
    parameters are left out.
    """
    rates = {
        "pretrained": pretrained_rate,
        "new": new_rate,
        "depths": _DEPTHS_FASTER * new_rate,
        "scorer": _SCORER_FASTER * new_rate,
        "positions": _POSITIONS_FASTER * new_rate,
    }
    groups: dict[str, list[Parameter]] = {name: [] for name in rates}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[_group_of(name, span_first=model.config.span_first)].append(parameter)
    each = [
        {"params": found, "lr": rates[name]}
        for name, found in groups.items()
        if found or name in ("pretrained", "new")
    ]
    return AdamW(each, weight_decay=0.01, betas=betas, eps=epsilon, fused=True)


def _group_of(name: str, *, span_first: bool) -> str:
    if name.startswith("nesting."):
        return "depths"
    if name.startswith("span_scorer."):
        return "scorer"
    if span_first and name == "decoder.bias.table.weight":
        return "positions"
    slow = name.startswith(("text_encoder.", "shared.")) and "skip" not in name
    return "pretrained" if slow else "new"


def build_schedule(optimiser: AdamW, *, warmup: int, steps: int) -> LambdaLR:
    """Linear warm-up over `warmup` steps, then linear decay to zero at `steps`."""

    def factor(step: int) -> float:
        return min((step + 1) / max(1, warmup), max(0.0, (steps - step) / max(1, steps - warmup)))

    return LambdaLR(optimiser, factor)
