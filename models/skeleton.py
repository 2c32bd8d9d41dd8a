"""Networks without memory, for weights that are put in afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_RANDOM = (Tensor.normal_, Tensor.uniform_)


class _Unfilled(TorchFunctionMode):
    """Leaves tensors as they are where random values would be drawn for them.

    Without memory there is nothing to fill, but torch would import its compiler to find that out:
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
def skeleton() -> Iterator[None]:
    """Modules made meanwhile have weights on the meta device, in shape and type alone."""
    with torch.device("meta"), _Unfilled():
        yield
