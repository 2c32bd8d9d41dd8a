from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.bundle import Bundle, available_providers, load_bundle
from export.checkpoint import load_checkpoint
from export.manifest import DECODER, FILE, FUSION, digest_of
from tasks.errors import BundleError
from tests.support.bundle import CONFIG, PROMPT, TOWER


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle")


def rewrite(folder: Path, **changes: Any) -> None:
    values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    (folder / FILE).write_text(json.dumps({**values, **changes}), encoding="utf-8")


def test_a_bundle_has_what_its_checkpoint_has(tiny_bundle: Bundle, tiny_folder: Path) -> None:
    checkpoint = load_checkpoint(tiny_folder / "checkpoint")
    assert tiny_bundle.config == CONFIG and tiny_bundle.tower == TOWER
    assert tiny_bundle.least_region_score == PROMPT.least_region_score
    prompter = tiny_bundle.prompter
    assert (prompter.max_text_tokens, prompter.max_tokens) == (120, 200)
    assert prompter.separator == " "
    assert prompter.tokenizer.markers == checkpoint.tokenizer.markers
    state = checkpoint.model.state_dict()
    for name, weight in tiny_bundle.decoder.state_dict().items():
        assert torch.equal(weight, state[name])
    assert not tiny_bundle.decoder.training
    assert not any(p.requires_grad for p in tiny_bundle.decoder.parameters())
    assert tiny_bundle.manifest.about == checkpoint.about


def test_the_decoder_brings_nothing_that_it_does_not_read(tiny_folder: Path) -> None:
    names = load_file(tiny_folder / "bundle" / DECODER).keys()
    assert not [name for name in names if name.startswith(("text_encoder", "gated_fusion"))]


def test_the_cpu_serves_where_nothing_else_does(tiny_bundle: Bundle) -> None:
    assert available_providers()[-1] == "CPUExecutionProvider"
    assert tiny_bundle.visual.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize("field", ["config", "tower", "prompt"])
@pytest.mark.parametrize("value", [None, {}, {"unknown": 1}, "text"])
def test_fields_that_do_not_fit_are_a_bundle_error(folder: Path, field: str, value: object) -> None:
    if field == "tower" and not value:
        value = {"kind": "compact", "widths": 3, "more": 1} if value is None else {"kind": "eye"}
    rewrite(folder, **{field: value})
    with pytest.raises(BundleError):
        load_bundle(folder)


def test_weights_of_another_size_are_a_bundle_error(folder: Path) -> None:
    weights = load_file(folder / DECODER)
    weights["shared.weight"] = weights["shared.weight"][1:].clone()
    save_file(weights, folder / DECODER)
    files = json.loads((folder / FILE).read_text(encoding="utf-8"))["files"]
    rewrite(folder, files={**files, DECODER: digest_of(folder / DECODER)})
    with pytest.raises(BundleError, match="size mismatch"):
        load_bundle(folder)


def test_a_graph_that_cannot_be_run_is_a_bundle_error(folder: Path) -> None:
    (folder / FUSION).write_bytes(b"no graph")
    files = json.loads((folder / FILE).read_text(encoding="utf-8"))["files"]
    rewrite(folder, files={**files, FUSION: digest_of(folder / FUSION)})
    with pytest.raises(BundleError, match="cannot be run"):
        load_bundle(folder)


def test_a_loaded_bundle_outlives_its_folder(folder: Path) -> None:
    bundle = load_bundle(folder)
    before = {name: weight.clone() for name, weight in bundle.decoder.state_dict().items()}
    for path in folder.iterdir():
        path.write_bytes(b"")
    after = bundle.decoder.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())


def test_an_altered_bundle_is_not_loaded(folder: Path) -> None:
    with (folder / DECODER).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BundleError, match=DECODER):
        load_bundle(folder)
