from __future__ import annotations

import pytest

from tests.support.bundle import tiny_model
from training.text.optimiser import build_optimiser, build_schedule


def test_what_begins_pretrained_learns_slowly_and_depths_learn_fast() -> None:
    model = tiny_model()
    optimiser = build_optimiser(model, new_rate=3.0, pretrained_rate=1.0)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert len(rates) == len(list(model.parameters()))
    for name, parameter in model.named_parameters():
        slow = name.startswith(("shared.", "text_encoder.")) and "skip" not in name
        fast = name.startswith("nesting.")
        assert rates[id(parameter)] == (15.0 if fast else 1.0 if slow else 3.0), name


@pytest.mark.parametrize("warmup", [0, 1, 10])
def test_the_rate_rises_and_falls_in_straight_lines(warmup: int) -> None:
    optimiser = build_optimiser(tiny_model(), new_rate=2.0, pretrained_rate=1.0)
    schedule = build_schedule(optimiser, warmup=warmup, steps=50)
    rates = []
    for _ in range(50):
        rates.append(optimiser.param_groups[1]["lr"])
        assert optimiser.param_groups[0]["lr"] == pytest.approx(rates[-1] / 2)
        optimiser.step()
        schedule.step()
    assert max(rates) == rates[max(0, warmup - 1)] == pytest.approx(2.0, rel=0.03)
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[max(0, warmup - 1) :] == sorted(rates[max(0, warmup - 1) :], reverse=True)
    assert 0 < rates[-1] < 0.1
    assert optimiser.param_groups[1]["lr"] == 0.0


def test_more_warm_up_than_training_never_falls_to_nothing() -> None:
    optimiser = build_optimiser(tiny_model(), new_rate=2.0, pretrained_rate=1.0)
    schedule = build_schedule(optimiser, warmup=100, steps=5)
    for _ in range(5):
        assert optimiser.param_groups[1]["lr"] > 0
        optimiser.step()
        schedule.step()


def test_betas_and_epsilon_are_options() -> None:
    optimiser = build_optimiser(
        tiny_model(), new_rate=1.0, pretrained_rate=1.0, betas=(0.8, 0.9), epsilon=1e-3
    )
    assert [(g["betas"], g["eps"]) for g in optimiser.param_groups] == [((0.8, 0.9), 1e-3)] * 3
