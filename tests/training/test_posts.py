from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.errors import DataError
from training.evaluation.labelled_posts import held_out_ids, labelled_posts
from training.posts import Post, read_posts


def write_posts(folder: Path, texts: dict[int, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"id": k, "image": f"images/{k}.jpg", "text": text} for k, text in texts.items()]
    (folder / "posts.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def test_held_out_posts_are_not_read_for_training(tmp_path: Path) -> None:
    first = labelled_posts()[0]
    copy = next(iter(held_out_ids() - {post.id for post in labelled_posts()}))
    free = max(held_out_ids()) + 1
    folder = write_posts(tmp_path, {free: "at large", first.id: "labelled", copy: "again"})
    assert read_posts(folder) == [Post(free, "at large", folder / f"images/{free}.jpg")]
    assert [post.id for post in read_posts(folder, first.split)] == [first.id]
    other = "dev" if first.split == "test" else "test"
    assert read_posts(folder, other) == []


def test_unreadable_posts_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"posts\.ndjson is missing"):
        read_posts(tmp_path)
    with pytest.raises(DataError, match="no split 'all'"):
        read_posts(tmp_path, "all")
    (tmp_path / "posts.ndjson").write_text('{"id": 1}\n', encoding="utf-8")
    with pytest.raises(DataError, match="must be an object with id, image and text"):
        read_posts(tmp_path)
