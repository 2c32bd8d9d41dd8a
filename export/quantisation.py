"""The fusion graph in 8-bit integers, for processors: a smaller file and shorter products."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from export.onnx_tracing import MOST_INLINE_BYTES

_BITS, _BLOCK = 8, 32
_ACCURACY = 4  # products of integers


def quantise(path: Path) -> None:
    """Replace the weights of a graph's matrix products by 8-bit integers, in blocks of 32.

    Activations are made integers row by row and block by block, so that no prompt depends on what
    it shares a batch with; with one scale for a whole tensor, as `quantize_dynamic` has it, it
    would. Embeddings, norms and products of two activations stay as they are.
    """
    # slow to import
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with _silent():
        quantizer = MatMulNBitsQuantizer(
            onnx.load(path),
            bits=_BITS,
            block_size=_BLOCK,
            is_symmetric=True,
            accuracy_level=_ACCURACY,
        )
        quantizer.process()
    model: onnx.ModelProto = quantizer.model.model
    beside = f"{path.name}.data"
    for old in (path, path.with_name(beside)):
        old.unlink(missing_ok=True)
    split = sum(len(weight.raw_data) for weight in model.graph.initializer) > MOST_INLINE_BYTES
    onnx.save(model, path, save_as_external_data=split, location=beside if split else None)


@contextmanager
def _silent() -> Iterator[None]:
    """Silence the quantiser, which logs every node."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
