from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from training.vision.phrases import cache_path, cached_embeddings


def test_embeddings_come_from_the_cache_of_the_same_texts(tmp_path: Path) -> None:
    texts = ["a dog", "two men"]
    kept = torch.randn(2, 384).half()
    save_file({"embeddings": kept}, cache_path(texts, tmp_path))
    assert torch.equal(cached_embeddings(texts, tmp_path), kept.float())


def test_other_texts_or_another_order_have_another_file(tmp_path: Path) -> None:
    files = {cache_path(t, tmp_path) for t in (["a", "b"], ["b", "a"], ["a"], ["ab"])}
    assert len(files) == 4
