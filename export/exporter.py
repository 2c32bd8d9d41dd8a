"""Checkpoint to bundle: graphs, decoder weights, tokenizer, manifest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import save_file

from export.checkpoint import Checkpoint
from export.config_kinds import tower_values
from export.graphs import FusionGraph, visual_graph
from export.manifest import DECODER, FILE, FUSION, TOKENIZER, VISUAL, Manifest, digest_of
from export.onnx_tracing import OPSET, trace_fusion, trace_visual, write_graph
from export.quantisation import quantise
from export.verify import Precision, beyond, compare
from models.meta_init import meta_init
from models.target_decoder import TargetDecoder
from tasks.errors import ExportError


def export_bundle(
    checkpoint: Checkpoint,
    out: Path,
    report: Callable[[str], None] = lambda _: None,
    precision: Precision = "fp32",
) -> Manifest:
    """Write the bundle of `checkpoint` to `out`, atomically; `report` is called with each step.

    A bundle that is there already is replaced. `precision` is that of the fusion graph; it is
    quantised after the fp32 graph passes verification, and measured again. Raises
    `ExportError` where `out` is anything but a bundle and where a graph computes something else.
    """
    _check_place(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / "bundle"
        folder.mkdir()
        _write_files(checkpoint, folder, report)
        differences = _compared(checkpoint, folder, "fp32", report)
        if precision == "int8":
            report("quantising the fusion graph")
            quantise(folder / FUSION)
            differences = _compared(checkpoint, folder, precision, report)
        manifest = _manifest(checkpoint, folder, precision, differences)
        manifest.write(folder)
        _put_in_place(folder, out)
    return manifest


def _write_files(checkpoint: Checkpoint, folder: Path, report: Callable[[str], None]) -> None:
    model = checkpoint.model
    if checkpoint.tower is not None:
        report("exporting the visual graph")
        write_graph(trace_visual(visual_graph(checkpoint.tower, model)), folder / VISUAL)
    report("exporting the fusion graph")
    write_graph(trace_fusion(FusionGraph(model)), folder / FUSION)
    report("writing the decoder")
    with meta_init():
        names = TargetDecoder(model.config).state_dict()
    weights = {n: t.contiguous() for n, t in model.state_dict().items() if n in names}
    save_file(weights, folder / DECODER)
    checkpoint.tokenizer.save(folder / TOKENIZER)
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors writes for the owner alone


def _compared(
    checkpoint: Checkpoint, folder: Path, precision: Precision, report: Callable[[str], None]
) -> dict[str, float]:
    report("comparing the graphs with torch")
    differences = compare(checkpoint, folder)
    if wrong := beyond(differences, precision):
        raise ExportError(f"torch and ONNX Runtime differ beyond the tolerance: {wrong}")
    return differences


def _manifest(
    checkpoint: Checkpoint, folder: Path, precision: Precision, differences: dict[str, float]
) -> Manifest:
    tower = checkpoint.tower
    return Manifest(
        name=checkpoint.name,
        opset=OPSET,
        precision=precision,
        config=checkpoint.model.config.to_dict(),
        tower=tower_values(tower.config) if tower is not None else None,
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
