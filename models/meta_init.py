"""Modules on the meta device, for weights that are loaded afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_RANDOM = (Tensor.normal_, Tensor.uniform_)


class _Unfilled(TorchFunctionMode):
    """Skips random initialisation.

    Meta tensors have no values to initialise, but torch would import its compiler to find that out:
    884 modules, seconds of a start.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func in _RANDOM or getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@contextmanager
def meta_init() -> Iterator[None]:
    """Create modules with weights on the meta device: shape and dtype, no storage."""
    with torch.device("meta"), _Unfilled():
        yield
