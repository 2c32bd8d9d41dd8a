"""A tiny random model as a checkpoint and as a bundle, and prompts of every form for it.

A `conftest.py` that imports the fixtures here gives them to its tests; the bundle is exported once
per session, for all workers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from export.bundle import Bundle, load_bundle
from export.checkpoint import Checkpoint, PromptConfig, load_checkpoint, save_checkpoint
from export.exporter import export_bundle
from models.config import PRESETS, UMIEConfig
from models.tower import CompactTower
from models.tower_config import TowerConfig
from models.umie import UMIE
from service.engine.interface import Picture, Prompt, VisualFeatures
from service.engine.visual_encoder import encode_images
from tasks import form, instruction
from tasks.form import Form
from tasks.instruction import Prompter
from tasks.ontology import NONE
from tests.support.tokenizer import tiny_tokenizer, tiny_vocabulary
from tests.support.workers import made_once

WORDS = (
    *("give", "text", "please", "extract", "following", "entity", "type", "relation", "between"),
    *("event", "trigger", "and", "argument", "is", "the", "region", "none", "person", "place"),
    *("location", "organization", "miscellaneous", "meet", "visitor", "scene", "knows", "of"),
    *("in", "ann", "bob", "##s", "##ing", "##ed"),
)
_MARKERS = tiny_tokenizer(WORDS).markers
CONFIG = PRESETS["compact"].with_(
    vocab_size=len(tiny_vocabulary(WORDS)),
    d_model=48,
    d_kv=8,
    d_ff=64,
    num_heads=3,
    num_layers=2,
    num_decoder_layers=2,
    copy_size=16,
    brackets=(_MARKERS.open, _MARKERS.close),
)
TOWER = TowerConfig(
    image_size=64,
    widths=(8,) * 7,
    depths=(1,) * 7,
    pyramid_width=8,
    roi_width=4,
    fine_grid=2,
    coarse_grid=1,
    roi_hidden=16,
    people_bias=0.0,
)
PROMPT = PromptConfig(max_text_tokens=120, max_tokens=200, separator=" ", least_region_score=0.1)

SEED = 189
"""With this seed answers are long and short, name regions, and have clear scores."""


def tiny_model(seed: int = SEED, config: UMIEConfig = CONFIG) -> UMIE:
    """Return a small model of the compact preset with random weights."""
    torch.manual_seed(seed)
    return UMIE(config).eval()


def _calibrate(tower: CompactTower) -> None:
    """Set the batch statistics of the tower: without them its features vanish."""
    for module in tower.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    tower.train().encode(torch.randn(8, 3, TOWER.image_size, TOWER.image_size))
    tower.eval()


def tiny_checkpoint(seed: int = SEED) -> Checkpoint:
    """Return random weights, scaled until symbols and regions have clearly different scores."""
    model = tiny_model(seed)
    tower = CompactTower(TOWER).eval()
    with torch.no_grad():
        model.shared.weight.mul_(0.2)
        model.decoder.norm.weight.mul_(20)
        _calibrate(tower)
        tower.head.score.weight.mul_(20)
    return Checkpoint("tiny", model, tower, tiny_tokenizer(WORDS), PROMPT, {"seed": seed})


def _export(folder: Path) -> None:
    save_checkpoint(tiny_checkpoint(), folder / "checkpoint")
    export_bundle(load_checkpoint(folder / "checkpoint"), folder / "bundle")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `checkpoint` and its `bundle`. Tests change copies of them only."""
    return made_once("tiny", tmp_path_factory, _export)


@pytest.fixture(scope="session")
def tiny_bundle(tiny_folder: Path) -> Bundle:
    """The bundle, loaded."""
    return load_bundle(tiny_folder / "bundle", threads=1)


def picture(seed: int) -> NDArray[np.float32]:
    """Return pixels (3, 64, 64) of a coarse pattern."""
    coarse = np.random.default_rng(seed).normal(size=(3, 8, 8)).astype(np.float32)
    return np.kron(coarse, np.ones((8, 8), dtype=np.float32))


def prompt_of(
    prompter: Prompter,
    shape: Form,
    text: str,
    spots: tuple[str, ...] = ("person", "place"),
    asocs: tuple[str, ...] = (),
    pair: tuple[str, str] | None = None,
) -> Prompt:
    """Return a prompt; `pair` are words of the text."""
    wording = instruction.EVENTS if shape is form.TRIGGERS else instruction.ENTITIES
    if pair is None:
        return Prompt(prompter.encode(text, wording, spots, asocs), shape)
    source = prompter.encode(text, instruction.relation(*pair), (), asocs)
    head, tail = (source.locate(text.index(w), text.index(w) + len(w)) for w in pair)
    return Prompt(source, shape, head, tail)


def prompt_pool(bundle: Bundle) -> list[tuple[Prompt, VisualFeatures | None]]:
    """Return prompts of all forms and several lengths, with and without images."""
    first, second = encode_images(bundle, [Picture(picture(1)), Picture(picture(2))])
    prompter = bundle.prompter
    region, relations = (form.REGION_ROLE,), ("knows", "place of", NONE)
    roles = ("visitor", "scene")
    met, short = "Ann and Bob met in Oslo, Ann liked it", "Bob"
    wave = "\N{WAVING HAND SIGN}"
    long = f"ANN LEE of NASA meets @bob_99 at 9 in New York {wave} and Bob Stone in Rome"
    return [
        (prompt_of(prompter, form.ENTITIES, short), None),
        (prompt_of(prompter, form.ENTITIES, long), first),
        (prompt_of(prompter, form.GROUNDED, met, asocs=region), first),
        (prompt_of(prompter, form.GROUNDED, met, asocs=region), second),
        (prompt_of(prompter, form.PAIR, met, asocs=relations, pair=("Bob", "Oslo")), None),
        (prompt_of(prompter, form.PAIR, long, asocs=relations, pair=("LEE", "NASA")), second),
        (prompt_of(prompter, form.JOINT, met, asocs=relations[:2]), None),
        (prompt_of(prompter, form.TRIGGERS, long, ("meet", "person")), None),
        (prompt_of(prompter, form.ARGUMENTS, met, ("meet",), roles), second),
    ]
