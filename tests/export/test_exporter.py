from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx_ir
import pytest
import torch

from export import exporter, onnx_tracing, verify
from export.bundle import Bundle, load_bundle
from export.checkpoint import Checkpoint, load_checkpoint
from export.exporter import export_bundle
from export.graphs import FusionGraph, VisualGraph
from export.manifest import FILE, FUSION, PARTS, TOKENIZER, VISUAL, digest_of, read_manifest
from export.onnx_tracing import OPSET
from models.umie import UMIE
from tasks.errors import BundleError, ExportError
from tests.support.bundle import TOWER, picture
from tests.support.converted import Converted


@pytest.fixture(scope="module")
def checkpoint(tiny_folder: Path) -> Checkpoint:
    return load_checkpoint(tiny_folder / "checkpoint")


@pytest.fixture
def graphs_at_hand(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the slow tracing: the graphs that were traced for the tiny bundle."""

    def copy(trace: object, path: Path) -> None:
        shutil.copy(tiny_folder / "bundle" / path.name, path)

    monkeypatch.setattr(exporter, "write_graph", copy)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_manifest_tells_how_the_bundle_was_made(tiny_folder: Path) -> None:
    manifest = read_manifest(tiny_folder / "bundle")
    assert (manifest.name, manifest.opset, manifest.precision) == ("tiny", OPSET, "fp32")
    assert sorted(manifest.files) == sorted([VISUAL, *PARTS])
    outputs = {*VisualGraph.OUTPUTS, *FusionGraph.OUTPUTS}
    assert manifest.differences.keys() == outputs
    assert all(0 <= value < 1e-4 for value in manifest.differences.values())


@pytest.mark.parametrize(("batch", "length"), [(1, 2), (2, 8), (5, 33), (9, 120)])
def test_the_fusion_graph_takes_any_batch_and_length(
    tiny_bundle: Bundle, checkpoint: Checkpoint, batch: int, length: int
) -> None:
    generator = torch.Generator().manual_seed(batch)
    ids = torch.randint(0, 200, (batch, length), generator=generator)
    mask = (torch.arange(length) <= torch.arange(batch)[:, None] + 1).long()
    cases = torch.randint(0, 4, (batch, length), generator=generator)
    states = torch.randn(batch, 37, checkpoint.model.config.d_model, generator=generator)
    present = (torch.arange(batch) % 2).float()
    inputs = (ids, mask, cases, states, present)
    with torch.inference_mode():
        expected = FusionGraph(checkpoint.model)(*inputs)
    feeds = {n: t.numpy() for n, t in zip(FusionGraph.INPUTS, inputs, strict=True)}
    got = tiny_bundle.fusion.run(list(FusionGraph.OUTPUTS), feeds)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(have), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_visual_graph_takes_any_batch(
    tiny_bundle: Bundle, checkpoint: Checkpoint, batch: int
) -> None:
    pixels = torch.stack([torch.from_numpy(picture(seed)) for seed in range(batch)])
    own = torch.tensor([0.1, 0.2, 0.7, 0.9]).expand(batch, 36, 4).contiguous()
    inputs = (pixels, own, (torch.arange(batch) % 2).float())
    with torch.inference_mode():
        expected = VisualGraph(checkpoint.tower, checkpoint.model)(*inputs)
    feeds = {n: t.numpy() for n, t in zip(VisualGraph.INPUTS, inputs, strict=True)}
    got = tiny_bundle.visual.run(list(VisualGraph.OUTPUTS), feeds)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(have), want, rtol=1e-4, atol=1e-5)


def test_the_visual_graph_encodes_as_the_model_does(checkpoint: Checkpoint) -> None:
    assert checkpoint.tower is not None
    pixels = torch.from_numpy(picture(3))[None]
    with torch.inference_mode():
        own, given = torch.zeros(1, 36, 4), torch.zeros(1)
        boxes, _, _, states = VisualGraph(checkpoint.tower, checkpoint.model)(pixels, own, given)
        features = checkpoint.tower(pixels)[3]
        rows = torch.cat([torch.tensor([[[0.0, 0.0, 1.0, 1.0]]]), boxes], dim=1)
        expected = checkpoint.model.encode_visual(features, rows)
    torch.testing.assert_close(states, expected)


def test_a_bundle_takes_the_place_of_an_earlier_one(
    graphs_at_hand: None, checkpoint: Checkpoint, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "bundle"
    said: list[str] = []
    manifest = export_bundle(checkpoint, out, said.append)
    assert manifest.version == read_manifest(out).version and len(said) == 4
    assert manifest.version == read_manifest(tiny_folder / "bundle").version
    (out / "left over").write_text("from before", encoding="utf-8")
    renamed = export_bundle(replace(checkpoint, name="other"), out)
    assert read_manifest(out).version == renamed.version != manifest.version
    assert sorted(path.name for path in out.iterdir()) == sorted([FILE, VISUAL, *PARTS])
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in out.iterdir())
    assert out.stat().st_mode & 0o055 == 0o055


def test_a_quantised_bundle_says_so_and_how_far_it_is_off(
    graphs_at_hand: None, checkpoint: Checkpoint, tiny_folder: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    manifest = export_bundle(checkpoint, tmp_path / "bundle", said.append, "int8")
    assert any("quantis" in line for line in said)
    exact = read_manifest(tiny_folder / "bundle")
    assert manifest.precision == "int8" and manifest.version != exact.version
    changed = {name for name in exact.files if exact.files[name] != manifest.files[name]}
    assert changed == {FUSION}
    assert 1e-4 < manifest.differences["cross"] <= verify.TOLERANCES["int8"]
    assert load_bundle(tmp_path / "bundle").manifest.version == manifest.version


def test_only_what_computes_as_torch_does_is_quantised(
    graphs_at_hand: None, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="cross"):
        export_bundle(other_weights(checkpoint), tmp_path / "bundle", precision="int8")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_may_become_a_bundle(
    graphs_at_hand: None, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "bundle").mkdir()
    export_bundle(checkpoint, tmp_path / "bundle")
    assert read_manifest(tmp_path / "bundle").name == "tiny"


def other_weights(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with one weight of its fusion a little off."""
    model = UMIE(checkpoint.model.config)
    model.load_state_dict(checkpoint.model.state_dict())
    with torch.no_grad():
        model.gated_fusion.attention.o.weight.mul_(1.5)
    return replace(checkpoint, model=model.eval())


def test_a_graph_that_computes_something_else_is_refused(
    graphs_at_hand: None, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    export_bundle(checkpoint, out)
    before = contents(out)
    with pytest.raises(ExportError, match="cross"):
        export_bundle(other_weights(checkpoint), out)
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_difference_beyond_the_tolerance_is_refused(
    graphs_at_hand: None,
    checkpoint: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(verify.TOLERANCES, "fp32", 1e-12)
    with pytest.raises(ExportError, match="tolerance"):
        export_bundle(checkpoint, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_bundle_is_never_overwritten(
    checkpoint: Checkpoint, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("there is nothing to trace where there is no place to write")

    monkeypatch.setattr(exporter, "write_graph", forbidden)
    out = tmp_path / "home"
    if kind == "folder":
        out.mkdir()
        (out / "letter.txt").write_text("dear", encoding="utf-8")
    else:
        out.write_text("dear", encoding="utf-8")
    with pytest.raises(ExportError, match="home"):
        export_bundle(checkpoint, out)
    assert (out / "letter.txt" if kind == "folder" else out).read_text(encoding="utf-8") == "dear"


def test_without_a_tower_the_bundle_reads_texts_only(
    graphs_at_hand: None, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    said: list[str] = []
    manifest = export_bundle(replace(checkpoint, tower=None), tmp_path / "bundle", said.append)
    assert manifest.tower is None and sorted(manifest.files) == sorted(PARTS)
    assert not any("visual" in line for line in said)
    assert manifest.differences.keys() == set(FusionGraph.OUTPUTS)
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.tower is None and bundle.visual is None


def test_what_does_not_fit_into_a_graph_s_file_is_part_of_the_bundle(
    checkpoint: Checkpoint, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def split(trace: object, path: Path) -> None:
        onnx_tracing.save_model(onnx_ir.load(tiny_folder / "bundle" / path.name), path)

    monkeypatch.setattr(onnx_tracing, "MOST_INLINE_BYTES", 1000)
    monkeypatch.setattr(exporter, "write_graph", split)
    manifest = export_bundle(checkpoint, tmp_path / "bundle")
    beside = {"visual.onnx.data", "fusion.onnx.data"}
    assert manifest.files.keys() == {VISUAL, *PARTS, *beside}
    assert load_bundle(tmp_path / "bundle").manifest.version == manifest.version
    with (tmp_path / "bundle" / "fusion.onnx.data").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BundleError, match=r"fusion\.onnx\.data"):
        load_bundle(tmp_path / "bundle")


def test_a_converted_checkpoint_s_bundle_reads_texts_only(converted_gated: Converted) -> None:
    bundle, checkpoint = converted_gated.bundle, converted_gated.folder / "checkpoint"
    assert bundle.tower is None and bundle.visual is None
    assert bundle.config.gate_pool == "all"
    saved = (converted_gated.folder / "bundle" / TOKENIZER).read_bytes()
    assert saved == (checkpoint / TOKENIZER).read_bytes()
    text = "Give the text: Ann"
    tokenizer = load_checkpoint(checkpoint).tokenizer
    assert bundle.prompter.tokenizer.encode(text) == tokenizer.encode(text)
    assert bundle.manifest.differences.keys() == {"gate", "cross"}


def test_the_same_checkpoint_makes_the_same_decoder(
    graphs_at_hand: None, checkpoint: Checkpoint, tiny_folder: Path, tmp_path: Path
) -> None:
    export_bundle(checkpoint, tmp_path / "bundle")
    for name in (VISUAL, *PARTS):
        assert digest_of(tmp_path / "bundle" / name) == digest_of(tiny_folder / "bundle" / name)


def test_the_tower_of_the_bundle_is_the_checkpoints(tiny_folder: Path) -> None:
    tower = read_manifest(tiny_folder / "bundle").tower
    assert tower is not None and tower["kind"] == "compact"
    assert tower["image_size"] == TOWER.image_size and tower["widths"] == list(TOWER.widths)
