"""Names with pictures that do not show them: blank, without people, or of other captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from tasks.ontology import load
from training.evaluation import pointing
from training.evaluation.evaluator import Evaluator
from training.evaluation.grounding_wordings import sentence_kinds, share_rows
from training.evaluation.question import Question
from training.evaluation.robustness import turned
from training.evaluation.row import Row, percent
from training.evaluation.single_person import about
from training.text.names import name_pool

_SIZE = (320, 240)


def blank_rows(evaluator: Evaluator) -> list[Row]:
    """The share of names with a box for plain and noise pictures, one sentence of each kind."""
    rows = []
    with TemporaryDirectory() as folder:
        for name, picture in blank_pictures(Path(folder)).items():
            asked = _beside([picture] * len(sentence_kinds()))
            predicted = evaluator.ask(asked, f"{name} picture")
            rows += share_rows(
                f"boxed in a {name} picture", asked, predicted, pointing.absent_boxed
            )
    return rows


def empty_rows(evaluator: Evaluator, pictures: Sequence[Path]) -> list[Row]:
    """The share of names with a box for photos without people."""
    asked = _beside(pictures)
    predicted = evaluator.ask(asked, "photos without people")
    return share_rows("boxed in a photo without people", asked, predicted, pointing.absent_boxed)


def caption_rows(evaluator: Evaluator, captions: Sequence[Question]) -> list[Row]:
    """Captions with names and their own photos, and with other photos, and both combined."""
    own = share_rows(
        "boxed in the caption's own photo",
        captions,
        evaluator.ask(captions, "captions, own photos"),
        pointing.shown_boxed,
    )
    asked = turned(captions)
    other = share_rows(
        "boxed in another caption's photo",
        asked,
        evaluator.ask(asked, "captions, others' photos"),
        pointing.absent_boxed,
    )
    return [*own, *other, _balanced(own[0], other[0])]


def blank_pictures(folder: Path) -> Mapping[str, Path]:
    """Plain white, black, grey and noise pictures, written to `folder`, by name."""
    width, height = _SIZE
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pictures = {
        "white": Image.new("RGB", _SIZE, "white"),
        "black": Image.new("RGB", _SIZE, "black"),
        "grey": Image.new("RGB", _SIZE, "grey"),
        "noise": Image.fromarray(noise),
    }
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in pictures}


def _beside(pictures: Sequence[Path]) -> list[Question]:
    """One sentence per picture; the kinds alternate."""
    names, kinds = name_pool(held_out=True), list(sentence_kinds().values())
    types = [kind.name for kind in load("twitter4").entities]
    return [
        about(kinds[place % len(kinds)][0], picture, (), "any", names, types, "person", f"{place}")
        for place, picture in enumerate(pictures)
    ]


def _balanced(own: Row, other: Row) -> Row:
    """The mean of the shares boxed if shown and not boxed if not shown; without an interval."""
    share = (own.f1 + 100 - other.f1) / 200
    value, right = percent(share), own.correct + other.gold - other.correct
    of = own.gold + other.gold
    return Row("presence, balanced accuracy", value, value, value, right, of, of, share=True)
