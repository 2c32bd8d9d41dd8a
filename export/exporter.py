"""Checkpoint to bundle: graphs, decoder weights, tokenizer, manifest."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor

from export.checkpoint import Checkpoint
from export.graphs import FusionGraph, VisualGraph
from export.manifest import DECODER, FILE, FUSION, TOKENIZER, VISUAL, Manifest, digest_of
from export.verify import beyond, compare
from models.target_decoder import TargetDecoder
from tasks.errors import ExportError

OPSET = 20
_BATCH = torch.export.Dim("batch", min=1, max=1024)
_LENGTH = torch.export.Dim("length", min=2, max=512)


def export_bundle(
    checkpoint: Checkpoint, out: Path, report: Callable[[str], None] = lambda _: None
) -> Manifest:
    """Write the bundle of `checkpoint` to `out`, whole or not at all; `report` hears each step.

    A bundle that is there already is replaced. Raises `ExportError` where `out` is anything else,
    where the checkpoint has no tower, and where a graph does not compute what torch computes.
    """
    _check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / "bundle"
        folder.mkdir()
        _write_files(checkpoint, folder, report)
        report("comparing the graphs with torch")
        differences = compare(checkpoint, folder)
        if wrong := beyond(differences):
            raise ExportError(f"torch and ONNX Runtime differ beyond the tolerance: {wrong}")
        manifest = _manifest(checkpoint, folder, differences)
        manifest.write(folder)
        _put_in_place(folder, out)
    return manifest


def _write_files(checkpoint: Checkpoint, folder: Path, report: Callable[[str], None]) -> None:
    model = checkpoint.model
    visual = VisualGraph(checkpoint.tower, model).eval()
    report("exporting the visual graph")
    size = visual.tower.config.image_size
    pixels = torch.zeros(2, 3, size, size)
    _export(visual, (pixels,), folder / VISUAL, {"pixels": {0: _BATCH}})
    report("exporting the fusion graph")
    # one tensor each: the exporter takes an input that is given twice for one input
    ids, mask, cases = (torch.ones(2, 8, dtype=torch.int64) for _ in range(3))
    states = torch.zeros(2, 37, model.config.d_model)
    both = {0: _BATCH, 1: _LENGTH}
    shapes = {
        "ids": both,
        "mask": both,
        "cases": both,
        "states": {0: _BATCH},
        "present": {0: _BATCH},
    }
    arguments = (ids, mask, cases, states, torch.ones(2))
    _export(FusionGraph(model).eval(), arguments, folder / FUSION, shapes)
    report("writing the decoder")
    part = TargetDecoder(model.config)
    weights = {n: t for n, t in model.state_dict().items() if n in part.state_dict()}
    save_file({n: t.contiguous() for n, t in weights.items()}, folder / DECODER)
    checkpoint.tokenizer.save(folder / TOKENIZER)
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes for the owner alone


def _export(
    graph: VisualGraph | FusionGraph,
    arguments: tuple[Tensor, ...],
    path: Path,
    shapes: dict[str, dict[int, torch.export.Dim]],
) -> None:
    with warnings.catch_warnings():
        # the exporter warns about its own internals
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            arguments,
            dynamo=True,
            input_names=list(graph.INPUTS),
            output_names=list(graph.OUTPUTS),
            dynamic_shapes=shapes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    onnx.save(_untraced(program.model_proto), path)


def _untraced(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` without the exporter's notes: they hold the paths of whoever exported it.

    The same weights then give the same file, and so the same version, wherever they are exported.
    """
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
    del model.metadata_props[:]
    return model


def _manifest(checkpoint: Checkpoint, folder: Path, differences: dict[str, float]) -> Manifest:
    assert checkpoint.tower is not None
    return Manifest(
        name=checkpoint.name,
        opset=OPSET,
        precision="fp32",
        config=checkpoint.model.config.to_dict(),
        tower=asdict(checkpoint.tower.config),
        prompt=asdict(checkpoint.prompt),
        files={p.name: digest_of(p) for p in sorted(folder.iterdir())},
        differences=differences,
        about=checkpoint.about,
    )


def _check_place(out: Path) -> None:
    if not out.exists() or (out / FILE).is_file():
        return
    if not out.is_dir() or any(out.iterdir()):
        raise ExportError(f"{out} exists and holds no bundle; it is left as it is")


def _put_in_place(folder: Path, out: Path) -> None:
    # put aside rather than deleted first, so that an interruption costs neither bundle
    if out.exists():
        out.rename(folder.with_name("previous"))
    folder.rename(out)
