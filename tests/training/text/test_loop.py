from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from export.flan import ANY_SIZE, read_flan
from models.config import PRESETS
from models.gated_fusion import GatedFusion
from models.umie import UMIE
from tasks.errors import DataError
from tasks.instruction import Prompter
from tests.support.bundle import CONFIG
from tests.support.flan import write_flan
from tests.support.training import write_data, write_encoder
from training.text.example import Encoded
from training.text.gate import PROJECTIONS, Averages, Fit, fit_gate
from training.text.initial import compact_model
from training.text.learner import Learner
from training.text.loop import Run, train_text
from training.text.options import TextOptions, options_for
from training.text.visual_features import VisualFeatureStore
from training.vision.features import StoredFeatures, save_features


@pytest.fixture
def options(
    tmp_path: Path, store: VisualFeatureStore, monkeypatch: pytest.MonkeyPatch
) -> TextOptions:
    monkeypatch.setitem(PRESETS, "compact", CONFIG)
    names = ["0.png", "1.png", "A1.jpg"]
    rows = [0, 1, 0]
    columns = (t[rows] for t in (store.boxes, store.labels, store.scores, store.features))
    save_features(StoredFeatures(names, *columns), tmp_path / "features.safetensors")
    return TextOptions(
        gate_steps=20,
        out=tmp_path / "run",
        data=write_data(tmp_path / "data"),
        features=(tmp_path / "features.safetensors",),
        steps=6,
        tokens=1500,
        warmup=2,
        save_every=3,
        device="cpu",
    )


Train = Callable[[TextOptions], Path]


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return write_encoder(tmp_path / "encoder", CONFIG)


@pytest.fixture
def train(encoder: Path, prompter: Prompter) -> Train:
    """Train the compact preset from its beginning."""

    def run(options: TextOptions) -> Path:
        torch.manual_seed(options.seed)
        return train_text(options, Learner.of(compact_model(encoder), prompter))

    return run


class Interrupted(Exception):
    """Somebody pulled the plug."""


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Stop the next training before it takes `step`."""
    learn = Run._learn

    def learn_or_stop(self: Run, batch: object) -> tuple[float, float, int]:
        if self.step == step:
            raise Interrupted
        return learn(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "_learn", learn_or_stop)


def state_of(options: TextOptions) -> dict[str, object]:
    state: dict[str, object] = torch.load(options.out / "state.pt", weights_only=True)
    return state


def test_training_writes_averaged_weights_that_load(
    options: TextOptions, train: Train, encoder: Path
) -> None:
    weights = load_file(train(options))
    model = UMIE(CONFIG)
    model.load_state_dict(weights)
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())
    bert = load_file(encoder / "model.safetensors")["embeddings.word_embeddings.weight"]
    moved = (weights["shared.weight"] - bert).abs().max()
    assert 0 < float(moved) < 0.05  # it began at the encoder's weights
    assert state_of(options)["step"] == 6
    assert sorted(p.name for p in options.out.iterdir()) == ["state.pt", "umie.safetensors"]


def test_an_interrupted_training_goes_on_where_it_was_saved(
    options: TextOptions,
    train: Train,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, 5)
        with pytest.raises(Interrupted):
            train(options)
    saved = state_of(options)
    assert saved["step"] == 3
    steps: list[int] = []
    rates: list[float] = []
    learn = Run._learn

    def observed(self: Run, batch: object) -> tuple[float, float, int]:
        if not steps:
            assert self.average.updates == 1  # of 3 steps, every fifth
            for name, weight in self.model.state_dict().items():
                assert torch.equal(weight, saved["model"][name])  # type: ignore[index]
                average = saved["average"][name]  # type: ignore[index]
                assert torch.equal(self.average.state[name], average)
        steps.append(self.step)
        rates.append(self.optimiser.param_groups[1]["lr"])
        return learn(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "_learn", observed)
    caplog.set_level(logging.INFO)
    train(replace(options, resume=True))
    assert steps == [3, 4, 5] and state_of(options)["step"] == 6
    assert rates == pytest.approx([options.new_rate * (6 - step) / 4 for step in steps])
    # other examples than the ones that it began with
    assert "epoch seed 3" in caplog.text and "epoch seed 0" not in caplog.text


def fits_of(monkeypatch: pytest.MonkeyPatch) -> list[Averages]:
    """What a gate is fitted to from here on."""
    seen: list[Averages] = []

    def noted(fusion: GatedFusion, given: Averages, steps: int) -> Fit:
        seen.append(given)
        return fit_gate(fusion, given, steps)

    monkeypatch.setattr("training.text.loop.fit_gate", noted)
    return seen


READING = ("shared.", "text_encoder.", "visual_embedding.")


def test_at_last_the_gate_is_fitted_and_only_the_writing_half_learns(
    options: TextOptions, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = fits_of(monkeypatch)
    options = replace(options, tokens=10**6, steps=6, settled=0.5, save_every=1)
    stopped: dict[str, Tensor] = {}
    settle = Run._settle

    def noted(run: Run) -> None:
        assert run.step == 3
        settle(run)
        stopped.update((name, value.clone()) for name, value in run.model.state_dict().items())

    monkeypatch.setattr(Run, "_settle", noted)
    train(options)
    assert len(fits) == 1 and fits[0].matched.any()
    state, still = state_of(options), (*READING, *(f"gated_fusion.{p}." for p in PROJECTIONS))
    for name, value in stopped.items():
        rests = name.startswith(still)
        assert torch.equal(state["model"][name], value) == rests, name
        # what is shipped reads as the gate was fitted to
        assert not rests or torch.allclose(state["average"][name], value, atol=1e-6)


def test_what_rests_still_rests_after_a_resumption(options: TextOptions, train: Train) -> None:
    options = replace(options, save_every=1)
    train(replace(options, steps=5, settled=2 / 5))
    before = state_of(options)["model"]
    train(replace(options, steps=8, settled=5 / 8, resume=True))
    after = state_of(options)
    assert after["step"] == 8
    moved = {name for name, value in before.items() if not torch.equal(value, after["model"][name])}
    assert moved and not any(name.startswith((*READING, "gated_fusion.text_in")) for name in moved)


def test_without_pictures_there_is_no_gate_to_fit(
    options: TextOptions, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = fits_of(monkeypatch)

    def without(run: Run, generator: random.Random) -> Iterator[Encoded]:
        return (replace(item, picture=None) for item in encoded(run, generator))

    encoded = Run._encoded
    monkeypatch.setattr(Run, "_encoded", without)
    train(replace(options, steps=2))
    assert fits == [] and state_of(options)["step"] == 2


def test_a_finished_training_is_not_trained_further(
    options: TextOptions, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = train(options).read_bytes()
    interrupt(monkeypatch, 6)
    path = train(replace(options, resume=True))
    assert path.read_bytes() == before


def test_runs_resume_only_on_request(
    options: TextOptions, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(options)
    interrupt(monkeypatch, 0)
    with pytest.raises(Interrupted):
        train(options)


def test_the_same_seed_trains_the_same_weights(
    options: TextOptions, train: Train, tmp_path: Path
) -> None:
    options = replace(options, steps=2)
    first = load_file(train(options))
    again = load_file(train(replace(options, out=tmp_path / "again")))
    other = load_file(train(replace(options, out=tmp_path / "other", seed=1)))
    torch.testing.assert_close(first, again)
    assert not torch.equal(first["copy_head.query.weight"], other["copy_head.query.weight"])


def test_t5_is_trained_by_the_same_loop_and_goes_on(options: TextOptions, tmp_path: Path) -> None:
    folder = write_flan(tmp_path / "flan")

    def learner() -> Learner:
        torch.manual_seed(0)
        model, tokenizer = read_flan(folder, ANY_SIZE)
        return Learner.of(model, Prompter(tokenizer, 400, 900, " "))

    numbers = options_for(learner().model.config, options.out, 4)
    options = replace(
        numbers,
        data=options.data,
        features=options.features,
        gate_steps=options.gate_steps,
        tokens=options.tokens,
        save_every=2,
    )
    train_text(replace(options, steps=2), learner())
    assert state_of(options)["step"] == 2
    narrow = replace(options, resume=True, precision="bf16")
    weights = load_file(train_text(narrow, learner()))
    state = state_of(options)
    assert state["step"] == 4
    rates = {group["lr"] for group in state["optimiser"]["param_groups"]}  # type: ignore[index]
    assert len(rates) == 1 and max(rates) < 1e-4
    began = learner().model.state_dict()
    assert weights.keys() == began.keys()
    assert 0 < float((weights["lm_head.weight"] - began["lm_head.weight"]).abs().max()) < 1e-2
    learner().model.load_state_dict(weights)


def test_without_anything_to_learn_it_ends_at_once(
    options: TextOptions, encoder: Path, prompter: Prompter
) -> None:
    learner = Learner.of(compact_model(encoder), prompter)
    with pytest.raises(DataError, match="no training examples"):
        train_text(replace(options, data=None), learner)
