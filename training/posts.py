"""Reader of real posts with a picture each: `posts.ndjson` beside the folder `images`.

The posts are not annotated. Those that are labelled for evaluation are a split of their own, and no
reader of training gets them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from training.evaluation.labelled_posts import held_out_ids, labelled_posts

FOLDER, SPLITS = "posts", ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Post:
    """A post's number, its text, and where its picture lies."""

    id: int
    text: str
    picture: Path


def read_posts(folder: Path, split: str = "train") -> list[Post]:
    """The posts of a split, in the file's order.

    Args:
        folder: of `posts.ndjson` and `images`.
        split: "train" for all that are not held out, "dev" or "test" for the labelled ones.

    Raises:
        DataError: if the split is not known, or the file is missing or not in its layout.
    """
    if split not in SPLITS:
        raise DataError(f"posts have no split {split!r}; there are {', '.join(SPLITS)}")
    posts = _read(folder)
    if split == "train":
        return [post for post in posts if post.id not in held_out_ids()]
    wanted = {post.id for post in labelled_posts(split)}
    return [post for post in posts if post.id in wanted]


def _read(folder: Path) -> list[Post]:
    path = folder / "posts.ndjson"
    if not path.is_file():
        raise DataError(f"{path} is missing; the posts are a file posts.ndjson beside images/")
    try:
        with path.open(encoding="utf-8") as lines:
            return [_post(folder, json.loads(line)) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: a line is no object with id, image and text") from error


def _post(folder: Path, row: dict[str, object]) -> Post:
    return Post(int(str(row["id"])), str(row["text"]), folder / str(row["image"]))
