from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from models.candidates import candidate_logits, lay_out, option_logits
from models.gated_fusion import Fusion
from models.span_scorer import scan
from tasks.instruction import Prompter
from tests.support.bundle import CONFIG, tiny_model
from tests.support.training import write_data
from training.text.temperature import (
    Choices,
    calibrate,
    choices,
    cool,
    development_examples,
    fit_temperature,
)


@pytest.mark.parametrize("overdone", [0.7, 1.0, 1.9])
def test_the_temperature_is_how_much_logits_are_overdone(overdone: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 5, generator=generator) * 2
    logits[::3, 4] = -torch.inf  # fewer symbols were admitted
    said = torch.multinomial(logits.softmax(-1), 1, generator=generator)
    right = torch.zeros(logits.shape, dtype=torch.bool).scatter(1, said, value=True)
    scanned = torch.zeros(20_000, dtype=torch.long)
    parts = zip(
        (logits * overdone).split(7000), right.split(7000), scanned.split(7000), strict=True
    )
    assert fit_temperature([[Choices(*part) for part in parts]]) == pytest.approx(
        overdone, rel=0.05
    )


def test_every_kind_of_question_counts_the_same() -> None:
    generator = torch.Generator().manual_seed(0)

    def overdone(times: float, size: int) -> list[Choices]:
        logits = torch.randn(size, 5, generator=generator) * 2
        said = torch.multinomial(logits.softmax(-1), 1, generator=generator)
        right = torch.zeros(logits.shape, dtype=torch.bool).scatter(1, said, value=True)
        return [Choices(logits * times, right, torch.zeros(size, dtype=torch.long))]

    few, many = overdone(1.0, 5_000), overdone(2.0, 20_000)
    both = fit_temperature([few, many])
    assert both == pytest.approx(fit_temperature([few, overdone(2.0, 5_000)]), rel=0.03)
    assert 1.2 < both < 1.8


def test_cooling_divides_every_logit() -> None:
    model = tiny_model().eval()
    generator = torch.Generator().manual_seed(1)
    assert model.copy_head is not None
    with torch.no_grad():
        model.copy_head.query.bias.normal_(generator=generator)
        model.decoder.norm.weight.uniform_(0.5, 2.0, generator=generator)
    hidden = torch.randn(3, model.config.d_model, generator=generator)
    keys = torch.randn(3, 50, model.config.copy_size, generator=generator)
    laid = lay_out([[(7, 3), (9, -1)], [(1, 40)], [(5, 0), (6, 1), (2, -1)]], [0, 1, 2])

    def logits() -> torch.Tensor:
        with torch.no_grad():
            return candidate_logits(model, model.decoder.norm(hidden), keys, laid)

    before = logits()
    cool(model, 1.7)
    torch.testing.assert_close(logits() * 1.7, before)


def test_cooling_divides_what_the_span_scorer_adds() -> None:
    model = tiny_model(config=CONFIG.with_(span_first=True, scorer_size=8, brackets=None))
    torch.manual_seed(1)
    with torch.no_grad():
        for part in model.parameters():
            part.normal_(std=0.3)
    hidden, fused = torch.randn(2, model.config.d_model), torch.randn(2, 9, model.config.d_model)
    visual = torch.randn(2, 37, model.config.d_model)
    laid = lay_out(
        [[(7, 38), (8, 41), (9, -1)], [(1, 40), (2, 3), (3, -1)]],
        [0, 1],
        contexts=[(3, 37, 38, -1, -1, 0), (4, 36, 36, 1, 1, 1)],
    )

    def logits() -> torch.Tensor:
        with torch.no_grad():
            keys = model.remember(Fusion(torch.zeros(2), fused), visual).copy_keys
            return option_logits(model, model.decoder.norm(hidden), keys, laid)

    before = logits()
    cool(model, 1.7)
    torch.testing.assert_close(logits() * 1.7, before, rtol=1e-4, atol=1e-5)


def test_a_scan_is_cooled_before_it_is_read() -> None:
    torch.manual_seed(0)
    logits, scanned = torch.randn(20_000, 6) * 2, torch.full((20_000,), 4)
    said = torch.multinomial(scan(logits, scanned).exp(), 1)
    right = torch.zeros(logits.shape, dtype=torch.bool).scatter(1, said, value=True)
    fitted = fit_temperature([[Choices(logits * 1.6, right, scanned)]])
    assert fitted == pytest.approx(1.6, rel=0.05)


def test_what_training_has_is_no_text_to_develop_on(tmp_path: Path) -> None:
    data = write_data(tmp_path)
    texts = {example.text for example in development_examples(data, random.Random(0))}
    assert {"Hello Kyoto 2015valid", "Hello Kyoto dev", "Ada left ACME dev"} <= texts
    assert "Ada in Oslo" not in texts  # a sentence of CoNLL04's training split, too


def test_a_model_is_cooled_as_its_decisions_want(tmp_path: Path, prompter: Prompter) -> None:
    data = write_data(tmp_path)
    torch.manual_seed(0)
    model = tiny_model()
    examples = list(development_examples(data, random.Random(3)))
    before = choices(model, prompter, iter(examples), random.Random(3))
    assert len(before) > 2
    assert all(part.right.any(-1).all() for kind in before for part in kind)
    temperature = calibrate(model, prompter, data, seed=3)
    assert temperature == pytest.approx(fit_temperature(before), rel=1e-3)
    after = choices(model, prompter, iter(examples), random.Random(3))
    for kind, cooled in zip(before, after, strict=True):
        for was, now in zip(kind, cooled, strict=True):
            torch.testing.assert_close(now.logits * temperature, was.logits)


def test_of_nothing_there_are_no_choices(prompter: Prompter) -> None:
    assert choices(tiny_model(), prompter, iter(()), random.Random(0)) == []
