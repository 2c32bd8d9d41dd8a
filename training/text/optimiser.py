"""AdamW with a slower rate for the pre-trained encoder, warm-up and linear decay."""

from __future__ import annotations

from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from models.umie import UMIE


def build_optimiser(
    model: UMIE,
    *,
    new_rate: float,
    pretrained_rate: float,
    betas: tuple[float, float] = (0.9, 0.98),
    epsilon: float = 1e-8,
) -> AdamW:
    """Parameters that begin pre-trained learn at `pretrained_rate`, all others at `new_rate`.

    Those that want no gradient are left out.
    """
    pretrained: list[Parameter] = []
    new: list[Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        slow = name.startswith(("text_encoder.", "shared.")) and "skip" not in name
        (pretrained if slow else new).append(parameter)
    groups = [{"params": pretrained, "lr": pretrained_rate}, {"params": new, "lr": new_rate}]
    return AdamW(groups, weight_decay=0.01, betas=betas, eps=epsilon, fused=True)


def build_schedule(optimiser: AdamW, *, warmup: int, steps: int) -> LambdaLR:
    """Linear rise over `warmup` steps, then linear fall to zero at `steps`."""

    def factor(step: int) -> float:
        return min((step + 1) / max(1, warmup), max(0.0, (steps - step) / max(1, steps - warmup)))

    return LambdaLR(optimiser, factor)
