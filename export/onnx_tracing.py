"""Traces graphs with torch.export and writes reproducible ONNX files without local paths."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import onnx
import onnx_ir
import torch
from torch import Tensor

from export.graphs import ClipVisualGraph, FusionGraph, VisualGraph
from models.config import VISUAL_ROWS

OPSET = 20

MOST_INLINE_BYTES = 1 << 30
"""Largest weights stored inside an ONNX file; larger ones go to an external data file.

The file is a protocol buffer, of at most 2 GiB, and in memory twice while it is written.
"""

_BATCH = torch.export.Dim("batch", min=1, max=1024)
_CROPS = torch.export.Dim("crops", min=1, max=VISUAL_ROWS)
_LENGTH = torch.export.Dim("length", min=2, max=512)

Shapes = dict[str, dict[int, torch.export.Dim]]


class Trace(NamedTuple):
    """A graph, inputs to trace it with, and which of their dimensions vary."""

    graph: FusionGraph | VisualGraph | ClipVisualGraph
    arguments: tuple[Tensor, ...]
    shapes: Shapes


def trace_visual(graph: VisualGraph | ClipVisualGraph) -> Trace:
    """How the visual graph is traced."""
    size = graph.tower.config.image_size
    if isinstance(graph, ClipVisualGraph):
        crops = (torch.zeros(2, 3, size, size), torch.zeros(VISUAL_ROWS, 4))
        return Trace(graph, crops, {"crops": {0: _CROPS}, "boxes": {}})
    arguments = (torch.zeros(2, 3, size, size), torch.zeros(2, 36, 4), torch.zeros(2))
    return Trace(graph, arguments, {name: {0: _BATCH} for name in graph.INPUTS})


def trace_fusion(graph: FusionGraph) -> Trace:
    """How the fusion graph is traced."""
    # one tensor each: the exporter takes an input that is given twice for one input
    ids, mask, cases = (torch.ones(2, 8, dtype=torch.int64) for _ in range(3))
    states = torch.zeros(2, VISUAL_ROWS, graph.model.config.d_model)
    shapes: Shapes = {name: {0: _BATCH} for name in ("states", "present")}
    shapes |= {name: {0: _BATCH, 1: _LENGTH} for name in ("ids", "mask", "cases")}
    return Trace(
        graph,
        (ids, mask, cases, states, torch.ones(2)),
        {name: shapes[name] for name in graph.INPUTS},
    )


def write_graph(trace: Trace, path: Path) -> None:
    """Trace a graph and write it to `path`; the same weights give the same bytes everywhere."""
    with warnings.catch_warnings():
        # the exporter warns about its own internals
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            trace.graph.eval(),
            trace.arguments,
            dynamo=True,
            input_names=list(trace.graph.INPUTS),
            output_names=list(trace.graph.OUTPUTS),
            dynamic_shapes=trace.shapes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    save_model(program.model, path)


def save_model(model: onnx_ir.Model, path: Path) -> None:
    """Write a model to `path`, and to a .data file beside it the weights that do not fit in."""
    weights = (entry.const_value for entry in model.graph.initializers.values())
    if sum(weight.nbytes for weight in weights if weight is not None) > MOST_INLINE_BYTES:
        onnx_ir.save(model, path, external_data=f"{path.name}.data")
        written = onnx.load(path, load_external_data=False)
    else:
        written = onnx_ir.to_proto(model)
    onnx.save(_untraced(written), path)


def _untraced(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` without the exporter's metadata, which contains local paths."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
    del model.metadata_props[:]
    return model
