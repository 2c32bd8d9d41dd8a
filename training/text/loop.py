"""The training loop of instruction tuning."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from models.span_scorer import KINDS
from tasks.context import Kind
from tasks.errors import DataError, LabelError, TextTooLong
from training.average import WeightAverage, all_weights
from training.evaluation.labelled_posts import held_out_ids
from training.saved_state import read_saved
from training.text import broad_mixture, grounding_mixture
from training.text.adapters import learned_weights, load_learned
from training.text.collation import Prompts, buckets, on_device
from training.text.curriculum import Curriculum, Together
from training.text.example import Example, Spelled
from training.text.gate import PROJECTIONS, averages, fit_gate, projections
from training.text.learner import Learner
from training.text.loss import Outcome, VisualBatch
from training.text.mixture import build_mixture, mentions_of
from training.text.names import name_pool
from training.text.optimiser import build_optimiser, build_schedule
from training.text.options import TextOptions
from training.text.parallel import ProcessGroup
from training.text.shares import Shares
from training.text.stated_examples import StatedRelations
from training.text.stated_relations import StatementWriter
from training.text.visual_features import VisualFeatureStore

log = logging.getLogger(__name__)

_POOL = 4000
"""Examples encoded at a time; batches group examples of similar length among them."""

_RECENT = 12_000
"""Maximum number of recent examples that the gate is fitted to."""

AVERAGE_EVERY = 5  # averaging touches every weight, as much memory traffic as a small batch


def train_text(options: TextOptions, learner: Learner, own: Sequence[Curriculum] = ()) -> Path:
    """Train and write `umie.safetensors` (averaged weights) into `options.out`.

    Args:
        options: hyperparameters and folders.
        learner: the model to train; it is changed in place.
        own: further examples beside the mixture of `options.data`.

    Raises:
        DataError: if a corpus is malformed or there are no examples.
    """
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    store = VisualFeatureStore.load(list(options.features), options.least_region_score)
    mixture = _mixture(options, options.data, store) if options.data else []
    return Run(options, learner, Together([*mixture, *own]), store).train()


def _mixture(options: TextOptions, data: Path, store: VisualFeatureStore) -> list[Curriculum]:
    """The training mixture of the preset."""
    if options.preset != "standard":
        return [build_mixture(data, store, log.info)]
    shares = Shares.of(options.mixture)
    broad = broad_mixture.build(data, shares, log.info)
    names = name_pool(
        held_out=False,
        organizations=mentions_of(broad.documents, "organization"),
        locations=mentions_of(broad.documents, "location"),
    )
    works = sorted(mentions_of(broad.documents, "miscellaneous"))
    stated = StatedRelations(StatementWriter(names, works), shares.stated)
    if not store.rows:
        return [broad, stated]
    grounding = grounding_mixture.build(
        data,
        store,
        names,
        log.info,
        size=shares.grounding,
        named_posts=options.named_posts,
        held_out=held_out_ids(),
    )
    return [broad, stated, grounding]


def _prompt_key(example: Example) -> tuple[object, ...]:
    """Examples with the same key have the same prompt, but for the names of a pair."""
    return example.text, example.form, example.spots, example.asocs, example.picture


class AccuracyByKind:
    """The accuracy of decisions by kind, since the last report."""

    def __init__(self) -> None:
        self._right, self._all = torch.zeros(KINDS), torch.zeros(KINDS)

    def add(self, outcome: Outcome) -> None:
        """Count the decisions of a batch, if their kinds are known."""
        if outcome.kinds is not None and outcome.hits is not None:
            kinds = outcome.kinds.cpu()
            self._right.index_add_(0, kinds, outcome.hits.detach().float().cpu())
            self._all.index_add_(0, kinds, torch.ones(len(kinds)))

    def summary(self) -> str:
        """The accuracy of each kind as text; resets the counts."""
        shares = (self._right / self._all.clamp(min=1)).tolist()
        named = [f"{Kind(i).name} {share:.3f}" for i, share in enumerate(shares) if self._all[i]]
        self._right.zero_()
        self._all.zero_()
        return ", ".join(named)


class Run:
    """One training run and its state on disk."""

    def __init__(
        self,
        options: TextOptions,
        learner: Learner,
        curriculum: Curriculum,
        store: VisualFeatureStore,
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
        weights = learned_weights if options.preset == "standard" else all_weights
        self.average = WeightAverage(self.model, 0.99, weights)
        self.group = ProcessGroup()
        self.step = 0
        self._settling = options.steps - round(options.steps * options.settled)
        self._examples: list[Spelled] = []
        self._by_kind = AccuracyByKind()
        if options.resume and self._state_file.exists():
            self._restore()

    def train(self) -> Path:
        """Train to the last step; the state is saved regularly."""
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
                log.info("accuracy by kind of decision: %s", self._by_kind.summary())
                loss = right = decisions = 0.0
            if self.step % self.options.save_every == 0 or self.step == self.options.steps:
                self._save()
        bar.close()
        return self._weights_file

    def _settle(self) -> None:
        """Freeze the encoders and fit the gate to their output.

        Every change of the encoders changes the gate. So the rest of the network is trained with
        the final gate in the last steps.
        """
        self._load(self.average.state)
        self._stop_reading()
        self.model.eval()
        generator = random.Random(self.options.seed)
        given = averages(self.model, self._examples, self._collate, self.store, generator)
        if given is not None:
            fit = fit_gate(self.model.gated_fusion, given, self.options.gate_steps)
            log.info("the gate is open for %.2f of matching and %.2f of other pictures", *fit)
            self.group.share(weight.data for weight in projections(self.model.gated_fusion))
            for name in PROJECTIONS:
                self.average.follow(self.model, f"gated_fusion.{name}.")
        self.model.train()

    def _stop_reading(self) -> None:
        for part in (self.model.shared, self.model.text_encoder, self.model.visual_embedding):
            part.requires_grad_(False)
            part.zero_grad()

    def _visual_batch(self, batch: Prompts) -> VisualBatch:
        return on_device(self.store.gather(batch.picture_rows), self.device)

    def _learn(self, batch: Prompts) -> tuple[float, float, int]:
        visual_batch = self._visual_batch(batch)
        narrow = self.options.precision == "bf16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=narrow):
            outcome = self.objective.loss(self.model, on_device(batch, self.device), visual_batch)
        outcome.loss.backward()
        self.group.average_gradients(self.model.parameters())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.clip)
        self.optimiser.step()
        self.schedule.step()
        self.optimiser.zero_grad()
        if self.step % AVERAGE_EVERY == 0:
            self.average.update(self.model)
        self._by_kind.add(outcome)
        return float(outcome.loss.detach()), float(outcome.right), outcome.decisions

    def _batches(self) -> Iterator[Prompts]:
        """An endless sequence of batches; a resumed run starts with a new epoch seed."""
        epoch = self.step  # any number that differs after a resume
        while True:
            generator = random.Random(f"{self.options.seed}-{epoch}-{self.group.rank}")
            examples = list(self.curriculum.epoch(random.Random(f"{self.options.seed}-{epoch}")))
            groups = [list(same) for _, same in groupby(examples, key=_prompt_key)]
            random.Random(epoch).shuffle(groups)
            own = [e for group in groups[self.group.rank :: self.group.size] for e in group]
            log.info("epoch seed %s: %d examples", epoch, len(own))
            some = False
            for first in range(0, len(own), _POOL):
                encoded = list(self._encoded(own[first : first + _POOL]))
                some = some or bool(encoded)
                self._examples = [*encoded, *self._examples][:_RECENT]
                for items in buckets(encoded, self.options.tokens, generator) if encoded else ():
                    yield self._collate(items)
            if not some:
                raise DataError("no training examples: no example fits into a prompt")
            epoch += 1

    def _collate(self, items: Sequence[Spelled]) -> Prompts:
        return self.objective.collate(items, self.prompter.tokenizer.markers)

    def _encoded(self, examples: Sequence[Example]) -> Iterator[Spelled]:
        skipped = 0
        for example in examples:
            try:
                encoded = self.objective.encode(example, self.prompter)
            except (TextTooLong, LabelError):
                encoded = None
            if encoded is None:
                skipped += 1
            else:
                yield encoded
        log.info("%d examples skipped: too long, or a pair that cannot be copied", skipped)

    @property
    def _state_file(self) -> Path:
        return self.options.out / "state.pt"

    @property
    def _weights_file(self) -> Path:
        return self.options.out / "umie.safetensors"

    def _save(self) -> None:
        if not self.group.leads:
            return
        state = {
            "step": self.step,
            "model": self.average.weights(self.model),
            "average": self.average.state,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        partial = self._state_file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self._state_file)
        save_file(self.average.state, self._weights_file)

    def _load(self, weights: dict[str, Tensor]) -> None:
        if self.options.preset == "standard":
            load_learned(self.model, weights)
        else:
            self.model.load_state_dict(weights)

    def _restore(self) -> None:
        state = read_saved(self._state_file, self.device)
        self._load(state["model"])
        self.average.state |= state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.step = state["step"]
        self.average.updates = -(-self.step // AVERAGE_EVERY)
        if self.step > self._settling:
            self._stop_reading()
