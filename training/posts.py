"""Reader of real posts with a picture each: `posts.ndjson` beside the folder `images`.

Training posts have no annotations. The posts labelled for evaluation are separate splits, which
training never reads.
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
    """The id of a post, its text, and the path of its picture."""

    id: int
    text: str
    picture: Path


def read_posts(folder: Path, split: str = "train") -> list[Post]:
    """The posts of a split, in the file's order.

    Args:
        folder: the folder with `posts.ndjson` and `images`.
        split: "train" for all posts that are not held out, "dev" or "test" for labelled ones.

    Raises:
        DataError: if the split is unknown, or the file is missing or malformed.
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
        raise DataError(f"{path} is missing; expected posts.ndjson beside images/")
    try:
        with path.open(encoding="utf-8") as lines:
            return [_post(folder, json.loads(line)) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: every line must be an object with id, image and text") from error


def _post(folder: Path, row: dict[str, object]) -> Post:
    return Post(int(str(row["id"])), str(row["text"]), folder / str(row["image"]))
