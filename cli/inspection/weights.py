"""Counts the parameters of a weights file by precision, from its header or graph."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

from tasks.errors import BundleError

_NAMES = {
    "F32": "fp32",
    "FLOAT": "fp32",
    "F16": "fp16",
    "FLOAT16": "fp16",
    "BF16": "bf16",
    "BFLOAT16": "bf16",
    "I8": "int8",
    "INT8": "int8",
    "U8": "uint8",
    "UINT8": "uint8",
}
_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000


def numbers_in(path: Path) -> Counter[str] | None:
    """Count the numbers in a file by precision ("fp32", …).

    Returns:
        The counts; None if the file has no weights.

    Raises:
        BundleError: the file cannot be read.
    """
    readers = {".safetensors": _safetensors, ".onnx": _graph}
    reader = readers.get(path.suffix)
    if reader is None:
        return None
    try:
        counts = reader(path)
    except Exception as error:  # protobuf's own errors have no common root
        raise BundleError(f"{path} cannot be read: {error}") from error
    return Counter({_NAMES.get(kind, kind.lower()): count for kind, count in counts.items()})


def precision_of(numbers: Counter[str]) -> str:
    """Return the most frequent precision."""
    return numbers.most_common(1)[0][0] if numbers else "none"


def _safetensors(path: Path) -> Counter[str]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > _LARGEST_HEADER:
            raise ValueError("it is not a safetensors file")
        header = json.loads(file.read(length))
    counts: Counter[str] = Counter()
    for name, tensor in header.items():
        if name != "__metadata__":
            counts[tensor["dtype"]] += math.prod(tensor["shape"])
    return counts


def _graph(path: Path) -> Counter[str]:
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    counts: Counter[str] = Counter()
    for tensor in graph.initializer:
        counts[onnx.TensorProto.DataType.Name(tensor.data_type)] += math.prod(tensor.dims)
    return counts
