from __future__ import annotations

from pathlib import Path

import pytest

from models.config import PRESETS
from training.text.options import TextOptions, fine_tuning, options_for


def test_the_compact_preset_has_numbers_of_its_own() -> None:
    assert options_for(PRESETS["compact"], Path("run"), 700) == TextOptions(Path("run"), steps=700)


@pytest.mark.parametrize(
    ("preset", "rate", "tokens"), [("base", 1e-4, 2500), ("large", 5e-5, 1250), ("xl", 5e-5, 625)]
)
def test_t5_is_trained_with_the_published_numbers(preset: str, rate: float, tokens: int) -> None:
    options = options_for(PRESETS[preset], Path("run"), 1000)
    assert (options.new_rate, options.pretrained_rate, options.tokens) == (rate, rate, tokens)
    assert (options.warmup, options.clip, options.epsilon) == (60, 5.0, 1e-6)
    assert options.betas == (0.9, 0.999)
    assert options.precision == ("bf16" if options.device == "cuda" else "fp32")


def test_other_sizes_are_trained_as_base_is() -> None:
    config = PRESETS["base"].with_(preset="t5", d_model=512)
    assert options_for(config, Path("run"), 10) == options_for(PRESETS["base"], Path("run"), 10)


@pytest.mark.parametrize(("steps", "warmup"), [(100, 6), (9000, 300)])
def test_what_was_trained_before_has_no_new_weights(steps: int, warmup: int) -> None:
    options = fine_tuning(TextOptions(Path("run"), steps=steps))
    assert options.new_rate == options.pretrained_rate == TextOptions(Path("run")).pretrained_rate
    assert options.warmup == warmup
