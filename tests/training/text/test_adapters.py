from __future__ import annotations

from pathlib import Path

import pytest
import torch

from export import pretrained_encoder
from export.pretrained_encoder import encoder_weights
from models.umie import UMIE
from tests.support.bundle import tiny_model
from tests.support.mpnet import small_mpnet as small_mpnet
from tests.support.mpnet import small_standard
from training.text.adapters import (
    AdaptedLinear,
    add_adapters,
    learned_weights,
    load_learned,
    resume_adapters,
)


def stirred(folder: Path) -> UMIE:
    """A model whose adapters have learned something."""
    model = small_standard(folder)
    add_adapters(model, narrow=False)
    torch.manual_seed(5)
    for part in model.modules():
        if isinstance(part, AdaptedLinear):
            torch.nn.init.normal_(part.wide, std=0.1)
    return model


def states(model: UMIE) -> torch.Tensor:
    ids = torch.arange(20, 29)[None]
    with torch.no_grad():
        return model.encode_text(ids, torch.ones_like(ids), torch.zeros_like(ids))


def test_new_adapters_do_not_change_the_output(small_mpnet: Path) -> None:
    model = small_standard(small_mpnet)
    before = states(model)
    add_adapters(model, narrow=False)
    torch.testing.assert_close(states(model), before)


def test_only_upper_layers_and_what_mpnet_lacks_learn(small_mpnet: Path) -> None:
    model = small_standard(small_mpnet)
    add_adapters(model)
    learned = learned_weights(model)
    assert "shared.weight" not in learned
    layers = {name.split(".")[2] for name in learned if name.startswith("text_encoder.layers.")}
    assert layers == {"1", "2"}
    assert {"text_encoder.cases.weight", "text_encoder.project.weight"} < learned.keys()
    for name, part in model.named_parameters():
        assert part.requires_grad == (name in learned)
    assert model.text_encoder.words.weight.dtype == torch.bfloat16


def test_what_rests_for_a_while_was_learned_all_the_same(small_mpnet: Path) -> None:
    model = small_standard(small_mpnet)
    add_adapters(model)
    names = set(learned_weights(model))
    model.requires_grad_(False)
    assert set(learned_weights(model)) == names
    assert "gated_fusion.text_in.weight" in names


def test_what_was_learned_goes_into_a_fresh_model(small_mpnet: Path) -> None:
    model = stirred(small_mpnet)
    other = small_standard(small_mpnet)
    add_adapters(other, narrow=False)
    assert not torch.allclose(states(other), states(model))
    load_learned(other, learned_weights(model))
    torch.testing.assert_close(states(other), states(model))
    with pytest.raises(ValueError, match="do not match the model"):
        load_learned(other, {"decoder.norm.weight": torch.ones(48)})


def stored(model: UMIE) -> dict[str, torch.Tensor]:
    """What a checkpoint of the model holds."""
    return {**learned_weights(model), "shared.weight": model.shared.weight.detach()}


def resumed(folder: Path, learned: dict[str, torch.Tensor]) -> UMIE:
    """A model with adapters around the published weights in `folder`, from a checkpoint."""
    model = small_standard(folder, seed=9)
    base = encoder_weights(folder / pretrained_encoder.FILE, model.config.vocab_size)
    resume_adapters(model, base, learned)
    return model


def test_resumed_adapters_are_those_of_the_checkpoint(small_mpnet: Path) -> None:
    model = stirred(small_mpnet)
    other = resumed(small_mpnet, stored(model))
    for name, value in learned_weights(model).items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=0, atol=0)
    torch.testing.assert_close(other.shared.weight, model.shared.weight, rtol=0, atol=0)
    assert {n for n, p in other.named_parameters() if p.requires_grad} == set(
        learned_weights(model)
    )
    # the frozen weights of a resumed encoder are in bf16
    torch.testing.assert_close(states(other), states(model), rtol=0.1, atol=0.1)


def test_adapters_that_lack_a_weight_are_not_resumed(small_mpnet: Path) -> None:
    learned = stored(stirred(small_mpnet))
    lacking = next(name for name in learned if name.endswith(".wide"))
    del learned[lacking]
    with pytest.raises(ValueError, match=lacking):
        resumed(small_mpnet, learned)


def test_other_encoders_take_no_adapters() -> None:
    with pytest.raises(TypeError, match="only MPNet"):
        add_adapters(tiny_model())
