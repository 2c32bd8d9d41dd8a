"""Examples from official portraits: one named person in close-up, and names without regions."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from tasks import form, instruction
from tasks.records import Asoc, Record, Region, Span
from training.text.example import Example
from training.text.names import NamePool, is_held_out
from training.text.visual_features import VisualFeatureStore

_LEAST_SCORE = 0.2
_PEOPLE = 0
_FRAMES = (
    "{person} of {place} speaks to {group}",
    "{person} was the first to lead {group}",
    "{group} welcomes {person}",
    "RT @press : {person} visits {place} today",
    "Official portrait of {person} , {group}",
    "{person} joined {group} in {place} .",
    "Happy birthday to {person} !",
    "{person} worked for {group} before moving to {place} .",
    "Meet {person} , who runs a {group} project",
    "We talked to {person} about the new {group} plan",
    "{person}",
)


@dataclass(frozen=True, slots=True)
class Portrait:
    """The name of a picture, and the person that it shows."""

    image: str
    gender: str
    full_name: str


def read_portraits(folder: Path) -> list[Portrait]:
    """The portraits of a folder with `names.csv` (bioguide, full_name, gender) and `images/`."""
    with (folder / "names.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    genders = {"M": "male", "F": "female"}
    return [
        Portrait(f"{row['bioguide']}.jpg", genders.get(row["gender"], "any"), row["full_name"])
        for row in rows
        if (folder / "images" / f"{row['bioguide']}.jpg").exists()
    ]


def portrait_example(
    portrait: Portrait,
    store: VisualFeatureStore,
    names: NamePool,
    labels: list[str],
    generator: random.Random,
) -> Example | None:
    """A sentence about the person, with the picture; None if the tower finds no person in it."""
    best = store.best_of(portrait.image, _PEOPLE)
    if best is None or best[1] < _LEAST_SCORE:
        return None
    own_name = generator.random() < 0.5 and not is_held_out(portrait.full_name)
    values = {
        "person": portrait.full_name if own_name else names.person(portrait.gender, generator),
        "place": generator.choice(names.location),
        "group": generator.choice(names.organization),
    }
    kinds = {"person": "person", "place": "location", "group": "organization"}
    text, records = "", []
    frame = generator.choice(_FRAMES)
    while "{" in frame:
        before, _, rest = frame.partition("{")
        key, _, frame = rest.partition("}")
        text += before
        span = Span(values[key], len(text), len(text) + len(values[key]))
        text += values[key]
        asocs = (Asoc(form.REGION_ROLE, Region(best[0])),) if key == "person" else ()
        records.append(Record(kinds[key], span, asocs))
    return Example(
        text=text + frame,
        wording=instruction.ENTITIES,
        form=form.GROUNDED,
        records=tuple(records),
        spots=tuple(generator.sample(labels, len(labels))),
        asocs=(form.REGION_ROLE,),
        picture=store.picture(portrait.image),
        alike={best[0]: frozenset(store.like(portrait.image, best[0]))},
    )
