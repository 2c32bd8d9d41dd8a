"""Instruction tuning: the loop around a learner's loss."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from tasks.errors import DataError, LabelError, TextTooLong
from training.average import WeightAverage
from training.saved_state import read_saved
from training.text.batch import Prompts, buckets, on_device
from training.text.curriculum import Curriculum, Together
from training.text.exercise import Spelled
from training.text.gate import PROJECTIONS, averages, fit_gate, projections
from training.text.learner import Learner
from training.text.loss import Sights
from training.text.mixture import build_mixture
from training.text.optimiser import build_optimiser, build_schedule
from training.text.options import TextOptions
from training.text.sights import SightStore

log = logging.getLogger(__name__)

AVERAGE_EVERY = 5  # averaging touches every weight, as much memory traffic as a small batch


def train_text(options: TextOptions, learner: Learner, own: Sequence[Curriculum] = ()) -> Path:
    """Train and write `umie.safetensors` (averaged weights) into `options.out`.

    What is learned from is the mixture of `options.data` and `own`. Raises `DataError` where a
    corpus is not in its layout or there is nothing to learn.
    """
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    store = SightStore.load(list(options.features), options.least_region_score)
    mixture = [build_mixture(options.data, store, log.info)] if options.data else []
    return Run(options, learner, Together([*mixture, *own]), store).train()


class Run:
    """One training run and its state on disk."""

    def __init__(
        self, options: TextOptions, learner: Learner, curriculum: Curriculum, store: SightStore
    ) -> None:
        self.options, self.curriculum, self.store = options, curriculum, store
        self.prompter, self.objective = learner.prompter, learner.objective
        self.device = torch.device(options.device)
        self.model = learner.model.to(self.device)
        for weight in projections(self.model.gated_fusion):
            weight.requires_grad_(False)  # see `_settle`
        self.optimiser = build_optimiser(
            self.model,
            new_rate=options.new_rate,
            pretrained_rate=options.pretrained_rate,
            betas=options.betas,
            epsilon=options.epsilon,
        )
        self.schedule = build_schedule(self.optimiser, warmup=options.warmup, steps=options.steps)
        self.average = WeightAverage(self.model, decay=0.99)
        self.step = 0
        self._settling = options.steps - round(options.steps * options.settled)
        self._exercises: list[Spelled] = []
        if options.resume and self._state_file.exists():
            self._restore()

    def train(self) -> Path:
        """Run to the last step; the state is saved on the way."""
        self.model.train()
        bar = tqdm(total=self.options.steps, initial=self.step, desc="train", mininterval=5)
        loss = right = decisions = 0.0
        batches = self._batches()
        while self.step < self.options.steps:
            batch = next(batches)
            if self.step == self._settling:
                self._settle()
            outcome = self._learn(batch)
            self.step += 1
            bar.update()
            loss += outcome[0]
            right += outcome[1]
            decisions += outcome[2]
            if self.step % 50 == 0:
                mean, accuracy = loss / 50, right / decisions
                bar.set_postfix(loss=f"{mean:.3f}", accuracy=f"{accuracy:.3f}")
                log.info("step %d loss %.4f accuracy %.4f", self.step, mean, accuracy)
                loss = right = decisions = 0.0
            if self.step % self.options.save_every == 0 or self.step == self.options.steps:
                self._save()
        bar.close()
        return self._weights_file

    def _settle(self) -> None:
        """Stop the reading half of the network and fit the gate to what it reads.

        The gate depends on every change of that half, so the rest learns to write with it last.
        """
        self.model.load_state_dict(self.average.state)
        self._stop_reading()
        self.model.eval()
        generator = random.Random(self.options.seed)
        given = averages(self.model, self._exercises, self._collate, self.store, generator)
        if given is not None:
            fit = fit_gate(self.model.gated_fusion, given, self.options.gate_steps)
            log.info("the gate opens for %.2f of own and %.2f of others' pictures", *fit)
            for name in PROJECTIONS:
                self.average.follow(self.model, f"gated_fusion.{name}.")
        self.model.train()

    def _stop_reading(self) -> None:
        for part in (self.model.shared, self.model.text_encoder, self.model.visual_embedding):
            part.requires_grad_(False)
            part.zero_grad()

    def _sights(self, batch: Prompts) -> Sights:
        return on_device(self.store.gather(batch.sight), self.device)

    def _learn(self, batch: Prompts) -> tuple[float, float, int]:
        sights = self._sights(batch)
        narrow = self.options.precision == "bf16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=narrow):
            outcome = self.objective.loss(self.model, on_device(batch, self.device), sights)
        outcome.loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad()
        if self.step % AVERAGE_EVERY == 0:
            self.average.update(self.model)
        return float(outcome.loss.detach()), float(outcome.right), outcome.decisions

    def _batches(self) -> Iterator[Prompts]:
        """Batches without end. Each epoch has its own seed, so a resumed run repeats none."""
        epoch = self.step  # any number that differs after a resume
        while True:
            generator = random.Random(f"{self.options.seed}-{epoch}")
            encoded = list(self._encoded(generator))
            log.info("epoch seed %s: %d exercises", epoch, len(encoded))
            if not encoded:
                raise DataError("there is nothing to learn: no exercise fits into a prompt")
            self._exercises = encoded
            for items in buckets(encoded, self.options.tokens, generator):
                yield self._collate(items)
            epoch += 1

    def _collate(self, items: Sequence[Spelled]) -> Prompts:
        return self.objective.collate(items, self.prompter.tokenizer.markers)

    def _encoded(self, generator: random.Random) -> Iterator[Spelled]:
        skipped = 0
        for exercise in self.curriculum.epoch(generator):
            try:
                encoded = self.objective.encode(exercise, self.prompter)
            except (TextTooLong, LabelError):
                encoded = None
            if encoded is None:
                skipped += 1
            else:
                yield encoded
        log.info("%d exercises skipped: too long, or a pair that cannot be copied", skipped)

    @property
    def _state_file(self) -> Path:
        return self.options.out / "state.pt"

    @property
    def _weights_file(self) -> Path:
        return self.options.out / "umie.safetensors"

    def _save(self) -> None:
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        partial = self._state_file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self._state_file)
        save_file(self.average.state, self._weights_file)

    def _restore(self) -> None:
        state = read_saved(self._state_file, self.device)
        self.model.load_state_dict(state["model"])
        self.average.state = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
        self.average.updates = -(-self.step // AVERAGE_EVERY)
        if self.step > self._settling:
            self._stop_reading()
