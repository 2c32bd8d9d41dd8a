"""Instruction tuning of the compact preset: the loop around `decision_loss`."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import save_file
from tqdm import tqdm

from models.candidates import Candidates
from tasks.errors import LabelError, TextTooLong
from tasks.instruction import Prompter
from tasks.tokenizer import CompactTokenizer
from training.average import WeightAverage
from training.text.batch import Batch, buckets, collate
from training.text.exercise import Encoded, encode
from training.text.gate import open_gate
from training.text.initial import compact_model
from training.text.loss import Sights, decision_loss
from training.text.mixture import Mixture, build_mixture
from training.text.optimiser import build_optimiser, build_schedule
from training.text.sights import SightStore

log = logging.getLogger(__name__)

MAX_TEXT_TOKENS, MAX_TOKENS, SEPARATOR = 256, 448, " "
AVERAGE_EVERY = 5  # averaging touches every weight, as much memory traffic as a small batch


@dataclass(frozen=True)
class TextOptions:
    """How to train.

    `encoder` is a folder with MiniLM's `model.safetensors` and `tokenizer.json`; `features` the
    files that the tower's features were written to; `tokens` the padded source tokens of a batch.
    """

    data: Path
    encoder: Path
    features: tuple[Path, ...]
    out: Path
    steps: int = 5000
    tokens: int = 2500
    warmup: int = 300
    new_rate: float = 6e-4
    pretrained_rate: float = 2e-4
    least_region_score: float = 0.1
    seed: int = 0
    save_every: int = 250
    resume: bool = False
    device: str = "cuda" if torch.cuda.is_available() else "cpu"


def train_text(options: TextOptions) -> Path:
    """Train and write `umie.safetensors` (averaged weights) into `options.out`."""
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = CompactTokenizer.load(options.encoder / "tokenizer.json")
    prompter = Prompter(tokenizer, MAX_TEXT_TOKENS, MAX_TOKENS, SEPARATOR)
    store = SightStore.load(list(options.features), options.least_region_score)
    mixture = build_mixture(options.data, store, log.info)
    return Run(options, prompter, mixture, store).train()


class Run:
    """One training run and its state on disk."""

    def __init__(
        self, options: TextOptions, prompter: Prompter, mixture: Mixture, store: SightStore
    ) -> None:
        self.options, self.prompter, self.mixture, self.store = options, prompter, mixture, store
        self.device = torch.device(options.device)
        self.model = compact_model(options.encoder).to(self.device)
        self.optimiser = build_optimiser(
            self.model, new_rate=options.new_rate, pretrained_rate=options.pretrained_rate
        )
        self.schedule = build_schedule(self.optimiser, warmup=options.warmup, steps=options.steps)
        self.average = WeightAverage(self.model, decay=0.99)
        self.step = 0
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
            if self.step == 0:
                self._open_gate(batch)
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

    def _open_gate(self, batch: Batch) -> None:
        rows = batch.sight >= 0
        if not rows.any():
            return
        ids, mask, cases = (t[rows].to(self.device) for t in (batch.ids, batch.mask, batch.cases))
        sights = self._sights(batch)
        before = open_gate(self.model, ids, mask, cases, sights)
        if before <= 0:
            log.info("the gate's mean cosine was %.3f; opened it", before)
            self.average.follow(self.model, "gated_fusion.")

    def _sights(self, batch: Batch) -> Sights:
        return Sights(*(tensor.to(self.device) for tensor in self.store.gather(batch.sight)))

    def _learn(self, batch: Batch) -> tuple[float, float, int]:
        sights = self._sights(batch)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            outcome = decision_loss(self.model, to_device(batch, self.device), sights)
        outcome.loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad()
        if self.step % AVERAGE_EVERY == 0:
            self.average.update(self.model)
        return float(outcome.loss.detach()), float(outcome.right), outcome.decisions

    def _batches(self) -> Iterator[Batch]:
        """Batches without end. Each epoch has its own seed, so a resumed run repeats none."""
        epoch = self.step  # any number that differs after a resume
        while True:
            generator = random.Random(f"{self.options.seed}-{epoch}")
            encoded = list(self._encoded(generator))
            log.info("epoch seed %s: %d exercises", epoch, len(encoded))
            for items in buckets(encoded, self.options.tokens, generator):
                yield collate(items, self.prompter.tokenizer.markers)
            epoch += 1

    def _encoded(self, generator: random.Random) -> Iterator[Encoded]:
        skipped = 0
        for exercise in self.mixture.epoch(generator):
            try:
                encoded = encode(exercise, self.prompter)
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
        state = torch.load(self._state_file, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.state = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
        self.average.updates = -(-self.step // AVERAGE_EVERY)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch with every tensor on `device`."""
    tensors = {
        field.name: getattr(batch, field.name).to(device)
        for field in fields(batch)
        if field.name != "candidates"
    }
    step, column, token, place, row, width = batch.candidates
    candidates = Candidates(
        step.to(device),
        column.to(device),
        token.to(device),
        place.to(device),
        row.to(device),
        width,
    )
    return Batch(candidates=candidates, **tensors)
