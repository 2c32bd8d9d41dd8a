"""The training loop of the visual tower."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from models.region_head import Regions
from models.tower import CompactTower
from models.tower_config import TowerConfig
from training.average import WeightAverage
from training.flickr8k import read_photos
from training.saved_state import read_saved
from training.vision.augment import augment, jitter_boxes
from training.vision.backbone import freeze_statistics, load_backbone
from training.vision.dataset import Batch, PhotoDataset, texts_of
from training.vision.losses import AlignmentHeads, detection_losses
from training.vision.phrases import cached_embeddings
from training.vision.recall import RegionScores, region_scores

log = logging.getLogger(__name__)

LOSS_WEIGHTS = {"quality": 1.0, "box": 1.5, "types": 0.3, "phrases": 0.3, "captions": 0.15}


@dataclass(frozen=True)
class VisionOptions:
    """Options of :func:`train_vision`.

    ``sizes`` are (share of the training, side of the pictures): training on small pictures first is
    several times faster (progressive resizing). ``backbone`` is a file of pre-trained weights; its
    layers have the rate ``backbone_rate``; normalisation and first stages are frozen. ``limit``
    trains on the first photos only; ``stop_after`` ends after so many epochs, to resume later.
    """

    data: Path
    output: Path
    cache: Path
    backbone: Path | None = None
    epochs: int = 9
    batch_size: int = 32
    learning_rate: float = 1e-3
    backbone_rate: float = 3e-4
    weight_decay: float = 0.05
    warmup_steps: int = 300
    average_decay: float = 0.998
    sizes: tuple[tuple[float, int], ...] = ((0.3, 160), (1.0, 224))
    evaluate_every: int = 2
    seed: int = 17
    limit: int | None = None
    stop_after: int | None = None
    resume: bool = False
    tower: TowerConfig = field(default_factory=TowerConfig)


class VisionTrainer:
    """The tower, its training heads, optimiser and data."""

    def __init__(self, options: VisionOptions) -> None:
        torch.manual_seed(options.seed)
        self.options = options
        self.config = options.tower
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.rng = random.Random(options.seed)
        self.generator = torch.Generator().manual_seed(options.seed)
        train = read_photos(options.data, "train")[: options.limit]
        val = read_photos(options.data, "val")[: options.limit]
        texts = texts_of([*train, *val])
        self.texts = cached_embeddings(texts, options.cache).to(self.device)
        size = self.config.image_size
        self.train = PhotoDataset(options.data, train, texts, size)
        self.val = PhotoDataset(options.data, val, texts, size)
        self.tower = CompactTower(self.config).to(self.device)
        if options.backbone is not None:
            load_backbone(self.tower.backbone, options.backbone)
        self.tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        heads = AlignmentHeads(self.config.feature_dim, self.config.num_types)
        self.heads = heads.to(self.device)
        self.average = WeightAverage(self.tower, options.average_decay)
        self.optimiser = torch.optim.AdamW(
            parameter_groups(self.tower, self.heads, options),
            lr=options.learning_rate,
            fused=True,
        )
        self.steps_per_epoch = len(self.train) // options.batch_size
        self.total_steps = self.steps_per_epoch * options.epochs
        self.mean = torch.tensor(self.config.mean, device=self.device).reshape(1, 3, 1, 1)
        self.std = torch.tensor(self.config.std, device=self.device).reshape(1, 3, 1, 1)
        self.step = 0
        self.first_epoch = 0

    def losses(self, batch: Batch, size: int) -> dict[str, Tensor]:
        """The loss terms of one augmented batch."""
        pixels, boxes = augment(batch.images, batch.boxes, size, self.generator)
        pixels = (pixels.to(self.device) - self.mean) / self.std
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        present = (boxes[..., 2] > 0) & (batch.phrases >= 0)  # (B, M)
        jittered = jitter_boxes(boxes, self.generator).to(self.device)
        boxes, types = boxes.to(self.device), batch.types.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            maps, dense = self.tower.encode(pixels)
            rows = self.tower.region_rows(maps, jittered)[present.to(self.device)]  # (N, D)
            image_rows = self.tower.image_row(maps)  # (B, D)
        quality, box = detection_losses(dense, boxes, types)
        phrases = self.texts[batch.phrases[present].to(self.device)]
        captions = self.texts[batch.captions.to(self.device)]
        return {
            "quality": quality,
            "box": box,
            "types": self.heads.type_loss(rows, types[present.to(self.device)]),
            "phrases": self.heads.phrase_loss(rows, phrases),
            "captions": self.heads.caption_loss(image_rows, captions),
        }

    def train_epoch(self, epoch: int) -> None:
        """One pass over the training photos."""
        self.tower.train()
        if self.options.backbone is not None:
            freeze_statistics(self.tower.backbone)
        size = size_at(epoch / self.options.epochs, self.options.sizes)
        sums: dict[str, float] = {}
        start = time.perf_counter()
        batches = self.train.epoch(self.options.batch_size, self.rng)
        progress = tqdm(batches, total=self.steps_per_epoch, desc=f"epoch {epoch}", mininterval=5)
        for count, batch in enumerate(progress, start=1):
            share = rate_at(self.step, self.total_steps, self.options.warmup_steps)
            for group in self.optimiser.param_groups:
                group["lr"] = share * group["peak"]
            terms = self.losses(batch, size)
            loss = torch.stack([LOSS_WEIGHTS[name] * term for name, term in terms.items()]).sum()
            self.optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(self.tower.parameters(), 10.0)
            self.optimiser.step()
            self.average.update(self.tower)
            self.step += 1
            for name, term in terms.items():
                sums[name] = sums.get(name, 0.0) + term.item()
            if count % 50 == 0 or count == self.steps_per_epoch:
                speed = count * self.options.batch_size / (time.perf_counter() - start)
                means = " ".join(f"{name} {total / count:.3f}" for name, total in sums.items())
                log.info(
                    "epoch %d step %d size %d %s %.1f img/s", epoch, self.step, size, means, speed
                )

    def evaluate(self) -> RegionScores:
        """Scores of the averaged weights on the validation photos."""
        tower = CompactTower(self.config).to(self.device).eval()
        tower.load_state_dict(self.average.state)
        regions: list[Regions] = []
        for start in range(0, len(self.val), self.options.batch_size):
            images = self.val.images[start : start + self.options.batch_size].to(self.device)
            pixels = (images.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
            with torch.inference_mode():
                boxes, labels, scores, _ = tower(pixels)
            regions += [
                Regions(*rows) for rows in zip(boxes.cpu(), labels.cpu(), scores.cpu(), strict=True)
            ]
        return region_scores(regions, self.val.boxes, self.val.types)

    def save(self, epoch: int) -> None:
        """Write the checkpoint of a finished epoch and the averaged weights."""
        state = {
            "epoch": epoch,
            "step": self.step,
            "tower": self.tower.state_dict(),
            "heads": self.heads.state_dict(),
            "average": self.average.state,
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.getstate(),
            "generator": self.generator.get_state(),
        }
        partial = self.options.output / "checkpoint.partial"
        torch.save(state, partial)
        partial.replace(self.options.output / "checkpoint.pt")
        weights = {name: value.contiguous().cpu() for name, value in self.average.state.items()}
        save_file(weights, self.options.output / "tower.safetensors")

    def load(self) -> None:
        """Continue from the checkpoint in the output folder."""
        state = read_saved(self.options.output / "checkpoint.pt", self.device)
        self.tower.load_state_dict(state["tower"])
        self.heads.load_state_dict(state["heads"])
        self.average.state = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.rng.setstate(state["rng"])
        self.generator.set_state(state["generator"].cpu())
        self.step, self.first_epoch = state["step"], state["epoch"] + 1
        self.average.updates = self.step


def parameter_groups(
    tower: CompactTower, heads: AlignmentHeads, options: VisionOptions
) -> list[dict[str, object]]:
    """Parameter groups: weight decay for weights only, a lower rate for a pre-trained backbone."""
    slow = options.backbone is not None
    backbone = list(tower.backbone.parameters()) if slow else []
    known = {id(p) for p in backbone}
    others = [p for p in (*tower.parameters(), *heads.parameters()) if id(p) not in known]
    groups: list[dict[str, object]] = []
    for parameters, peak in ((backbone, options.backbone_rate), (others, options.learning_rate)):
        learning = [p for p in parameters if p.requires_grad]
        for decay, of in ((options.weight_decay, True), (0.0, False)):
            chosen = [p for p in learning if (p.ndim > 1) == of]
            groups.append({"params": chosen, "weight_decay": decay, "peak": peak})
    return [group for group in groups if group["params"]]


def rate_at(step: int, total: int, warmup: int) -> float:
    """Share of the peak learning rate: linear warm-up, then a cosine down to 1 %."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2


def size_at(done: float, sizes: tuple[tuple[float, int], ...]) -> int:
    """Side of the pictures after a share ``done`` of the training."""
    return next(size for until, size in sizes if done < until or until >= 1.0)


def train_vision(options: VisionOptions) -> Path:
    """Train the tower; returns the path of the averaged weights (safetensors).

    Writes ``tower.safetensors``, ``checkpoint.pt`` after every epoch, and ``metrics.json``.
    """
    options.output.mkdir(parents=True, exist_ok=True)
    trainer = VisionTrainer(options)
    if options.resume:
        trainer.load()
    for epoch in range(trainer.first_epoch, options.stop_after or options.epochs):
        trainer.train_epoch(epoch)
        trainer.save(epoch)
        last = epoch + 1 == options.epochs
        if last or (epoch + 1) % options.evaluate_every == 0:
            scores = trainer.evaluate()
            log.info(
                "epoch %d val recall@36 all %.4f people %.4f AP50 people %.4f",
                epoch,
                scores.recall_all,
                scores.recall_people,
                scores.ap_people,
            )
            text = json.dumps({"epoch": epoch, **vars(scores)}, indent=2)
            (options.output / "metrics.json").write_text(text, encoding="utf-8")
    return options.output / "tower.safetensors"
