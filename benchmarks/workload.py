"""The requests for all contenders: bodies of `POST /extract` as JSON."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from training.corpora import read_corpus

ROOT = Path(__file__).resolve().parents[1]
CORPORA = ("twitter2015", "twitter2017")
SEED = 7
_SHORT, _LONG = 4, 60
"""Minimum and maximum number of words of a generated text."""

_EXAMPLES = (
    "Eileen Collins was the first woman to command a NASA space shuttle",
    "BTS kicks off London concerts with Jungkook seated",
    "A Falcon 9 of SpaceX lifts DSCOVR into orbit from Cape Canaveral",
    "Chelsea the cat lives with Stefan in Cape Town",
    "Protesters clashed with police outside the parliament in Athens on Monday",
    "Angela Merkel met Barack Obama in Berlin before the summit in Brussels",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A text with or without a picture's bytes."""

    text: str
    image: bytes | None = None


@dataclass(frozen=True)
class Workload:
    """Requests and their description."""

    about: str
    bodies: tuple[dict[str, Any], ...]

    def write(self, path: Path) -> None:
        """Write one request per line."""
        path.write_text("".join(json.dumps(body) + "\n" for body in self.bodies), encoding="utf-8")

    def entities_alone(self, *, pictures: bool) -> Workload:
        """The requests for entities alone, with or without a picture."""
        kept = tuple(
            body
            for body in self.bodies
            if body.get("tasks") == ["entities"] and ("image" in body) == pictures
        )
        return Workload("entities alone", kept)


def workload(data: Path | None, size: int) -> Workload:
    """Build so many requests; deterministic for the arguments.

    A third are texts alone, a third have an unrelated picture (tweets' pictures are not freely
    available), a third are captions with their pictures. Every second request is for entities
    alone, the others are for all tasks.

    Args:
        data: folder of the corpora; None for the repository's examples.
        size: number of requests.

    Raises:
        DataError: if the folder lacks a corpus.
    """
    dice = random.Random(SEED)
    asked = _corpora(data, size, dice) if data is not None else _examples(size, dice)
    dice.shuffle(asked)
    about = (
        "tweets of Twitter-2015 and Twitter-2017 (test splits) and captions of Flickr8k, with "
        "pictures of Flickr8k"
        if data is not None
        else "texts and pictures of `examples/`, mixed and cut to lengths at random"
    )
    bodies = []
    for number, one in enumerate(asked):
        body: dict[str, Any] = {"text": one.text}
        if number % 2:
            body["tasks"] = ["entities"]
        if one.image is not None:
            body["image"] = base64.b64encode(one.image).decode()
        bodies.append(body)
    return Workload(about, tuple(bodies))


def _corpora(data: Path, size: int, dice: random.Random) -> list[Asked]:
    third = size // 3
    tweets = [doc.text for name in CORPORA for doc in read_corpus(name, data, "test")]
    chosen = dice.sample(tweets, size - third)
    photos = list(_photos(data / "flickr8k", 2 * third, dice))
    with_others = [
        Asked(text, image) for text, (_, image) in zip(chosen, photos[:third], strict=False)
    ]
    alone = [Asked(text) for text in chosen[third:]]
    return with_others + alone + [Asked(*photo) for photo in photos[third:]]


def _photos(folder: Path, count: int, dice: random.Random) -> Iterator[tuple[str, bytes]]:
    """Captions and their pictures."""
    try:
        lines = (folder / "grounded.jsonl").read_text(encoding="utf-8").splitlines()
        for line in dice.sample(lines, count):
            photo = json.loads(line)
            caption = dice.choice(photo["captions"])["text"]
            yield caption, (folder / "images" / photo["image"]).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder} does not hold Flickr8k's photos: {error}") from error


def _examples(size: int, dice: random.Random) -> list[Asked]:
    pictures = [path.read_bytes() for path in sorted((ROOT / "examples").glob("*.jpg"))]
    words = " . ".join(_EXAMPLES).split()
    return [
        Asked(_cut(words, dice), dice.choice(pictures) if number % 3 else None)
        for number in range(size)
    ]


def _cut(words: Sequence[str], dice: random.Random) -> str:
    length = dice.randint(_SHORT, _LONG)
    first = dice.randrange(len(words))
    return " ".join([*words, *words][first : first + length])
