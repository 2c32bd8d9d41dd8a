"""Everything that a training reads, in small: corpora, photos, portraits, and an encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from models.config import UMIEConfig
from tests.support.bundle import WORDS
from tests.support.corpora import conll, write, write_corpora
from tests.support.tokenizer import tiny_tokenizer


def write_data(root: Path) -> Path:
    """All corpora under `root`, with two training photos, one for testing, and one portrait."""
    write_corpora(root)
    # Names of places to put into captions are read off these.
    lines = ["Ada B-person", "left O", "Kyoto B-location", "for O", "ACME B-organisation"]
    write(root / "crossner/conll2003/train.txt", conll(lines, ["Oslo B-location", "won O"]))
    records = [_photo(f"{k}.png", "train" if k < 2 else "test") for k in range(3)]
    rows = "".join(json.dumps(record) + "\n" for record in records)
    write(root / "flickr8k/grounded.jsonl", rows)
    for record in records:
        _picture(root / "flickr8k/images" / str(record["image"]))
    write(root / "congress/names.csv", "bioguide,full_name,gender\nA1,Ann Lee,F\n")
    _picture(root / "congress/images/A1.jpg")
    return root


def _photo(name: str, split: str) -> dict[str, object]:
    text = "A man throws a ball for his dog ."
    phrases = [("1", "people", 0, 5), ("3", "other", 13, 19), ("2", "animals", 24, 31)]
    return {
        "image": name,
        "split30k": split,
        "orig_size": [64, 64],
        "captions": [
            {
                "text": text,
                "phrases": [
                    {"chain": chain, "types": [kind], "start": start, "end": end}
                    for chain, kind, start, end in phrases
                ],
            }
        ],
        "boxes": [
            {"chains": ["1"], "box": [0.1, 0.1, 0.4, 0.9]},
            {"chains": ["2"], "box": [0.5, 0.5, 0.8, 0.9]},
        ],
        "scene_chains": [],
        "nobox_chains": [],
    }


def _picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(len(path.name)).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(values).resize((64, 64)).save(path)


def write_encoder(folder: Path, config: UMIEConfig) -> Path:
    """A random BERT of the configuration's size with its tokenizer, under MiniLM's names."""
    generator = torch.Generator().manual_seed(0)
    d, weights = config.d_model, dict[str, Tensor]()

    def put(name: str, *shape: int) -> None:
        weights[name] = 0.1 * torch.randn(shape, generator=generator)

    def norm(name: str) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = torch.ones(d), torch.zeros(d)

    for name, rows in (("word", config.vocab_size), ("position", 512), ("token_type", 2)):
        put(f"embeddings.{name}_embeddings.weight", rows, d)
    norm("embeddings.LayerNorm")
    for layer in range(config.num_layers):
        at = f"encoder.layer.{layer}"
        sizes = {f"attention.self.{part}": (d, d) for part in ("query", "key", "value")}
        sizes |= {"attention.output.dense": (d, d)}
        sizes |= {"intermediate.dense": (4 * d, d), "output.dense": (d, 4 * d)}
        for name, (outputs, inputs) in sizes.items():
            put(f"{at}.{name}.weight", outputs, inputs)
            put(f"{at}.{name}.bias", outputs)
        norm(f"{at}.attention.output.LayerNorm")
        norm(f"{at}.output.LayerNorm")
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors")
    tiny_tokenizer(WORDS).save(folder / "tokenizer.json")
    return folder
