from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file
from transformers import T5Config, T5ForConditionalGeneration

from export import flan
from export.flan import ANY_SIZE, flan_folder, read_flan
from export.unconstrained_decoding import greedy
from models.config import PRESETS
from models.umie import UMIE
from tasks.errors import CheckpointError
from tests.support.flan import (
    FIRST_T5,
    SIZES,
    UNUSED,
    flan_settings,
    flan_state,
    in_transformers,
    write_flan,
)
from tests.support.published import Sizes
from tests.support.sentencepiece import SIZE, tokenizer_folder
from tests.support.umie import small_inputs

FLAN_PARAMETERS = {"base": 247_577_856, "large": 783_150_080, "xl": 2_849_757_184}
"""As the hub states them, with 32128 rows of token embeddings and of the LM head each."""
FLAN_ROWS = 32128


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("sizes", [SIZES, FIRST_T5], ids=["gated", "first version"])
def test_with_the_gate_closed_it_computes_what_transformers_computes(
    tmp_path: Path, sizes: Sizes
) -> None:
    folder = write_flan(tmp_path, sizes)
    model, theirs = read_flan(folder, ANY_SIZE)[0].eval(), in_transformers(folder)
    inputs = small_inputs(length=30)
    with torch.no_grad():
        text = model.encode_text(inputs.ids, inputs.mask, torch.zeros_like(inputs.ids))
        visual = model.encode_visual(inputs.features, inputs.boxes)
        fusion = model.gated_fusion(text, inputs.mask, visual, torch.zeros(3))
        cross = model.remember(fusion, visual).cross
        states = model.decoder(model.shared(inputs.prefixes), cross, inputs.mask)
        logits = states * model.output_scale @ model.output_embeddings.T
        expected = theirs(
            input_ids=inputs.ids, attention_mask=inputs.mask, decoder_input_ids=inputs.prefixes
        ).logits[..., :SIZE]
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert float(expected.std()) > 0.1
    written = theirs.generate(
        inputs.ids,
        attention_mask=inputs.mask,
        max_length=24,
        do_sample=False,
        num_beams=1,
        decoder_start_token_id=0,
        suppress_tokens=list(range(SIZE, SIZE + UNUSED)),
    )
    assert greedy(model, cross, inputs.mask, 24).tolist() == written.tolist()
    assert len({tuple(row) for row in written.tolist()}) == 3


@pytest.mark.parametrize("preset", ["base", "large", "xl"])
def test_presets_have_flan_s_parameters_and_umie_s(preset: str) -> None:
    config = PRESETS[preset]
    with torch.device("meta"):
        model = UMIE(config)
    parts = model.named_children()
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in parts}
    more = counts.pop("visual_embedding"), counts.pop("gated_fusion")
    cut = 2 * (FLAN_ROWS - config.vocab_size) * config.d_model
    assert sum(counts.values()) == FLAN_PARAMETERS[preset] - cut
    if preset == "base":
        unused = 512 * 768
        assert more == (14_561_664, 8_160_768 - unused)


def test_token_embeddings_are_cut_to_pieces_and_markers(tmp_path: Path) -> None:
    folder = write_flan(tmp_path)
    model, tokenizer = read_flan(folder, ANY_SIZE)
    state = flan_state()
    assert model.config.vocab_size == SIZE == tokenizer.markers.asoc + 1
    assert torch.equal(model.shared.weight, state["shared.weight"][:SIZE])
    assert torch.equal(model.output_embeddings, state["lm_head.weight"][:SIZE])
    assert model.copy_head is None


def test_token_embeddings_are_extended_where_there_are_fewer(tmp_path: Path) -> None:
    rows = SIZE - 2  # no room for the markers
    folder = write_flan(tmp_path, replace(SIZES, vocabulary=rows))
    model, tokenizer = read_flan(folder, ANY_SIZE)
    weight = model.shared.weight.detach()
    old, new = weight[:rows], weight[rows:]
    assert tokenizer.markers.spot == rows and len(new) == 2
    assert torch.equal(old, flan_state(replace(SIZES, vocabulary=rows))["shared.weight"])
    assert 0.5 < float(new.std() / old.std()) < 2 and not torch.equal(new[0], new[1])


@pytest.mark.parametrize("layout", ["safe", "safe shards", "torch", "torch shards"])
def test_every_layout_of_the_hub_is_read(tmp_path: Path, layout: str) -> None:
    expected = read_flan(write_flan(tmp_path / "whole"), ANY_SIZE)[0]
    folder = write_flan(tmp_path / "other")
    state = {key: tensor.clone() for key, tensor in flan_state().items()}
    (folder / "model.safetensors").unlink()
    stem, suffix = ("model", "safetensors") if "safe" in layout else ("pytorch_model", "bin")
    keys = sorted(state)
    parts = (keys[::2], keys[1::2]) if "shards" in layout else (keys,)
    places = {}
    for number, part in enumerate(parts):
        name = f"{stem}-{number}.{suffix}" if "shards" in layout else f"{stem}.{suffix}"
        content = {key: state[key] for key in part}
        if "safe" in layout:
            save_file(content, folder / name)
        else:
            torch.save(content, folder / name)
        places |= dict.fromkeys(part, name)
    if "shards" in layout:
        index = json.dumps({"weight_map": places})
        (folder / f"{stem}.{suffix}.index.json").write_text(index, encoding="utf-8")
    found = read_flan(folder, ANY_SIZE)[0]
    for name, weight in expected.state_dict().items():
        if not name.startswith(("visual_embedding.", "gated_fusion.")):
            assert torch.equal(found.state_dict()[name], weight), name


def test_what_transformers_saves_is_read(tmp_path: Path) -> None:
    """Its later releases call every T5 tied, and leave the LM head out where it is."""
    settings = {**flan_settings(), "tie_word_embeddings": False}
    theirs = T5ForConditionalGeneration(T5Config(**settings))
    folder = tokenizer_folder(tmp_path)
    theirs.save_pretrained(folder)
    model, _ = read_flan(folder, ANY_SIZE)
    assert model.output_scale == 1.0
    assert torch.equal(model.output_embeddings, theirs.lm_head.weight[:SIZE])


def test_half_precision_is_widened(tmp_path: Path) -> None:
    folder = write_flan(tmp_path)
    halves = {key: tensor.bfloat16() for key, tensor in flan_state().items()}
    save_file(halves, folder / "model.safetensors")
    model, _ = read_flan(folder, ANY_SIZE)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert torch.equal(model.shared.weight, halves["shared.weight"][:SIZE].float())


def test_a_preset_named_by_size_wants_that_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_flan(tmp_path)
    message = r"not the sizes of base: d_model 48 in place of 768, d_kv 8 in place of 64"
    with pytest.raises(CheckpointError, match=message):
        read_flan(folder, "base")
    config = read_flan(folder, ANY_SIZE)[0].config
    monkeypatch.setitem(PRESETS, "base", config.with_(preset="base", vocab_size=32102))
    assert read_flan(folder, "base")[0].config == config.with_(preset="base")


def damage(folder: Path, **settings: object) -> None:
    """Change or, with None, take away settings."""
    values = {**flan_settings(), **settings}
    kept = {key: value for key, value in values.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model_type": "bert"}, "no configuration of T5"),
        ({"d_model": None}, "no configuration of T5: KeyError"),
        ({"num_heads": "many"}, "no configuration of T5"),
        ({"feed_forward_proj": "gated-silu"}, "no configuration of T5"),
        ({"relative_attention_max_distance": 256}, "further than 128"),
        ({"layer_norm_epsilon": 1e-5}, "epsilon"),
        ({"num_layers": 3}, r"encoder\.block\.2.* is missing"),
        ({"d_ff": 60}, r"has shape \(64, 48\), not \(60, 48\)"),
        ({"tie_word_embeddings": True}, r"scaled as if it were shared\.weight"),
    ],
)
def test_a_model_of_another_kind_is_refused(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    folder = write_flan(tmp_path)
    damage(folder, **settings)
    with pytest.raises(CheckpointError, match=message) as caught:
        read_flan(folder, ANY_SIZE)
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    folder = write_flan(tmp_path)
    weights = folder / "model.safetensors"
    state = {key: tensor.clone() for key, tensor in flan_state().items()}
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_flan(folder, ANY_SIZE)
    save_file({**state, "shared.weight": state["shared.weight"] * torch.nan}, weights)
    with pytest.raises(CheckpointError, match=r"shared\.weight holds something other"):
        read_flan(folder, ANY_SIZE)
    weights.unlink()
    with pytest.raises(CheckpointError, match="holds neither"):
        read_flan(folder, ANY_SIZE)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../b"}}', "utf-8")
    with pytest.raises(CheckpointError, match="no file beside it"):
        read_flan(folder, ANY_SIZE)
    (folder / "model.safetensors.index.json").write_text("[]", "utf-8")
    with pytest.raises(CheckpointError, match="holds no settings"):
        read_flan(folder, ANY_SIZE)


def test_a_name_is_asked_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in torch's format only where there are no others."""
    asked: list[list[str]] = []

    def snapshot(name: str, *, allow_patterns: list[str]) -> str:
        assert name == "google/flan-t5-base"
        asked.append(allow_patterns)
        return str(tmp_path)

    monkeypatch.setattr(flan, "snapshot_download", snapshot)
    assert flan_folder("google/flan-t5-base") == tmp_path
    assert len(asked) == 2 and "pytorch_model*.bin*" in asked[1]
    assert all({"config.json", "spiece.model", "tokenizer.json"} <= set(a) for a in asked)
    (tmp_path / "model-00001-of-00002.safetensors").touch()
    flan_folder("google/flan-t5-base")
    assert len(asked) == 3 and "model*.safetensors*" in asked[2]
    assert flan_folder(str(tmp_path)) == tmp_path and len(asked) == 3


@pytest.mark.parametrize(
    "error", [LocalEntryNotFoundError("no way\nto the hub"), OSError(), ValueError("no way")]
)
def test_without_a_way_to_the_hub_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def snapshot(name: str, *, allow_patterns: list[str]) -> str:
        raise error

    monkeypatch.setattr(flan, "snapshot_download", snapshot)
    with pytest.raises(CheckpointError, match="could not be fetched from the hub: ") as caught:
        flan_folder("google/flan-t5-base")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["no such folder", "/no/such/folder", "a/b/c", "../flan"])
def test_a_folder_that_is_missing_is_not_asked_of_the_hub(source: str) -> None:
    with pytest.raises(CheckpointError, match="is no folder, nor the name of a model"):
        flan_folder(source)
