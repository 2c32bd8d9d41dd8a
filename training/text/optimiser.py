"""AdamW with a slower rate for the pre-trained encoder, warm-up and linear decay."""

from __future__ import annotations

from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.umie import UMIE

_DEPTHS_FASTER = 5.0
"""They begin at zero beside tokens of length 1.5. At the rate of the others they came to a tenth
of that in 2,600 steps, and the decoder hardly heard them."""


def build_optimiser(
    model: UMIE,
    *,
    new_rate: float,
    pretrained_rate: float,
    betas: tuple[float, float] = (0.9, 0.98),
    epsilon: float = 1e-8,
) -> AdamW:
    """Parameters that begin pre-trained learn at `pretrained_rate`, all others at `new_rate`.

    But for the vectors of depth, which learn faster. Those that want no gradient are left out.
    """
    pretrained: list[Parameter] = []
    new: list[Parameter] = []
    depths: list[Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        slow = name.startswith(("text_encoder.", "shared.")) and "skip" not in name
        fast = name.startswith("nesting.")
        (depths if fast else pretrained if slow else new).append(parameter)
    groups = [{"params": pretrained, "lr": pretrained_rate}, {"params": new, "lr": new_rate}]
    if depths:
        groups.append({"params": depths, "lr": _DEPTHS_FASTER * new_rate})
    return AdamW(groups, weight_decay=0.01, betas=betas, eps=epsilon, fused=True)


def build_schedule(optimiser: AdamW, *, warmup: int, steps: int) -> LambdaLR:
    """Linear rise over `warmup` steps, then linear fall to zero at `steps`."""

    def factor(step: int) -> float:
        return min((step + 1) / max(1, warmup), max(0.0, (steps - step) / max(1, steps - warmup)))

    return LambdaLR(optimiser, factor)
