"""Photo captions to grounded examples, with names instead of common nouns.

Posts name people where captions have "a man". So a name replaces the noun and keeps its box, also
for pets, vehicles and teams. Organizations and places without a box are inserted in addition.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks import form, instruction
from tasks.document import Box
from tasks.records import Asoc, Record, Region, Span
from training.flickr8k import Caption, Photo, Phrase
from training.text.example import Example
from training.text.names import NamePool
from training.text.visual_features import VisualFeatureStore

_MALE = re.compile(r"\b(man|boy|guy|gentleman|male|groom|father|husband)\b", re.I)
_FEMALE = re.compile(r"\b(woman|girl|lady|female|bride|mother|wife)\b", re.I)
_SOMEONE = re.compile(
    r"\b(person|child|kid|toddler|baby|player|skier|snowboarder|biker|cyclist|skateboarder|surfer"
    r"|climber|runner|rider|swimmer|athlete|dancer|performer|teenager|someone|hiker|singer)\b",
    re.I,
)
_SEVERAL = re.compile(
    r"\b(two|three|four|five|several|many|group|men|women|people|children|boys|girls|kids|and|some"
    r"|couple|pair|team|crowd|players|other|another)\b",
    re.I,
)
_ONE = re.compile(r"^(a|an|the|his|her|their|its|one)\b", re.I)
_TEAM = re.compile(r"\b(team|squad|players|band|crew)\b", re.I)
_OTHER_WORDS = {"animals": ("animal", "pet"), "vehicles": ("vehicle", "product")}
_PLACED = (" in {}", " at {}", " near {}", " , {}", " #{}")
_EMPLOYED = (" for {}", " with {}", " at a {} event", " | {}", " via {}", ", says {}")
_MOST_BOXES = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """The offsets and the label of an entity, and its regions, best first."""

    start: int
    end: int
    label: str
    regions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Thing:
    """A phrase with the name that replaces it, the label of the name, and its regions."""

    phrase: Phrase
    label: str
    name: str
    regions: tuple[int, ...]


class CaptionWriter:
    """Writes examples about photos; photos must be in the store."""

    def __init__(
        self,
        store: VisualFeatureStore,
        names: NamePool,
        entity_types: Sequence[str],
        region_types: Sequence[str],
    ) -> None:
        self._store, self._names = store, names
        self._entity_types, self._region_types = list(entity_types), list(region_types)

    def named(self, photo: Photo, generator: random.Random) -> Example | None:
        """A caption whose people, pets, vehicles and teams have names.

        None if no phrase that can have a name has a region.
        """
        caption = generator.choice(photo.captions)
        things = self._namable(photo, caption, generator)
        if not things:
            return None
        chosen = [t for t in things if generator.random() < 0.85] or things[:1]
        text, spans = put_in(caption.text, [(t.phrase, t.name) for t in chosen])
        found = [
            _Found(start, end, thing.label, thing.regions)
            for (start, end), thing in zip(spans, chosen, strict=True)
        ]
        text, found = self._surround(text, found, generator)
        others = {f.label for f in found} - set(self._entity_types)
        labels = self._shuffled([*self._entity_types, *sorted(others)], generator)
        return self._example(photo, text, found, labels)

    def phrases(self, photo: Photo, generator: random.Random) -> Example:
        """An unchanged caption: its phrases by type, each with its regions."""
        caption = generator.choice(photo.captions)
        found = [
            _Found(p.start, p.end, p.types[0], self._regions(photo, p))
            for p in caption.phrases
            if p.types and p.types[0] in self._region_types
        ]
        labels = self._shuffled(self._region_types, generator)
        if generator.random() < 0.3:
            labels = labels[: generator.randint(2, len(labels))]
        return self._example(photo, caption.text, found, labels)

    def nameless(self, photo: Photo, generator: random.Random) -> Example:
        """An unchanged caption with a prompt for named entities, which it does not have."""
        caption = generator.choice(photo.captions)
        return self._example(photo, caption.text, [], self._shuffled(self._entity_types, generator))

    def _namable(self, photo: Photo, caption: Caption, generator: random.Random) -> list[_Thing]:
        """The phrases that can have a name and have a region, in the caption's order."""
        others = {kind: generator.choice(words) for kind, words in _OTHER_WORDS.items()}
        plain = generator.random() < 0.6
        things: list[_Thing] = []
        for phrase in sorted(caption.phrases, key=lambda p: p.start):
            named = self._name(phrase, len(photo.boxes_of(phrase)), generator)
            if named is None:
                continue
            label, name = named
            if label == "miscellaneous" and not plain:
                label = others[phrase.types[0]]
            if regions := self._regions(photo, phrase):
                things.append(_Thing(phrase, label, name, regions))
        return things

    def _name(self, phrase: Phrase, boxes: int, generator: random.Random) -> tuple[str, str] | None:
        kind, names = phrase.types[:1], self._names
        gender = gender_of(phrase.text)
        if kind == ("people",) and boxes == 1 and gender:
            return "person", names.person(gender, generator)
        if kind == ("people",) and boxes and _TEAM.search(phrase.text) and names.organization:
            return "organization", generator.choice(names.organization)
        pool = {"animals": names.pet, "vehicles": names.vehicle}.get("".join(kind), ())
        single = boxes == 1 and _ONE.search(phrase.text) and not _SEVERAL.search(phrase.text)
        return ("miscellaneous", generator.choice(pool)) if pool and single else None

    def _regions(self, photo: Photo, phrase: Phrase) -> tuple[int, ...]:
        boxes: list[Box] = [box.corners for box in photo.boxes_of(phrase)]
        if len(boxes) > _MOST_BOXES:
            return ()
        found = [k for box in boxes for k in self._store.regions_on(photo.image, box)]
        return tuple(dict.fromkeys(found))

    def _surround(
        self, text: str, found: list[_Found], generator: random.Random
    ) -> tuple[str, list[_Found]]:
        found = list(found)
        if generator.random() < 0.6 and text.endswith(" ."):
            text = text[:-2]
        for label, pool, frames, chance in (
            ("location", self._names.location, _PLACED, 0.35),
            ("organization", self._names.organization, _EMPLOYED, 0.45),
        ):
            if not pool or generator.random() >= chance:
                continue
            name = generator.choice(pool)
            frame = generator.choice(frames)
            start = len(text) + frame.index("{}")
            text += frame.format(name)
            found.append(_Found(start, start + len(name), label, ()))
        if generator.random() < 0.1:
            lead = f"RT @{generator.choice(self._names.surname)} : "
            found = [
                _Found(f.start + len(lead), f.end + len(lead), f.label, f.regions) for f in found
            ]
            text = lead + text
        return text, found

    def _example(self, photo: Photo, text: str, found: list[_Found], labels: list[str]) -> Example:
        records = tuple(
            Record(
                f.label,
                Span.of(text, f.start, f.end),
                tuple(Asoc(form.REGION_ROLE, Region(k)) for k in f.regions[:1]),
            )
            for f in found
        )
        alike: dict[int, frozenset[int]] = {}
        for f in found:
            if f.regions:
                best = f.regions[0]
                alike[best] = alike.get(best, frozenset()).union(f.regions)
        return Example(
            text=text,
            wording=instruction.ENTITIES,
            form=form.GROUNDED,
            records=records,
            spots=tuple(labels),
            asocs=(form.REGION_ROLE,),
            picture=self._store.picture(photo.image),
            alike=alike,
        )

    @staticmethod
    def _shuffled(labels: Sequence[str], generator: random.Random) -> list[str]:
        return generator.sample(list(labels), len(labels))


def gender_of(phrase: str) -> str | None:
    """The gender of a phrase about one person, "any" if unknown; None for other phrases."""
    if _SEVERAL.search(phrase):
        return None
    if _MALE.search(phrase):
        return "male"
    if _FEMALE.search(phrase):
        return "female"
    return "any" if _SOMEONE.search(phrase) else None


def single_people(photo: Photo, caption: Caption) -> list[tuple[Phrase, Box]]:
    """The phrases about one person with exactly one box, in the caption's order."""
    people: list[tuple[Phrase, Box]] = []
    for phrase in sorted(caption.phrases, key=lambda p: p.start):
        boxes = photo.boxes_of(phrase)
        if phrase.types[:1] == ("people",) and len(boxes) == 1 and gender_of(phrase.text):
            people.append((phrase, boxes[0].corners))
    return people


def put_names(
    text: str, phrases: Sequence[Phrase], names: NamePool, generator: random.Random
) -> tuple[str, list[tuple[int, int]]]:
    """Replace each phrase of `text` by a person's name; the text and the offsets of the names."""
    return put_in(text, [(p, names.person(gender_of(p.text) or "any", generator)) for p in phrases])


def put_in(text: str, names: Sequence[tuple[Phrase, str]]) -> tuple[str, list[tuple[int, int]]]:
    """Replace phrases, in text order, by names; the text and the offsets of the names."""
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    at = length = 0
    for phrase, name in names:
        before = text[at : phrase.start]
        parts += [before, name]
        start = length + len(before)
        length = start + len(name)
        spans.append((start, length))
        at = phrase.end
    return "".join([*parts, text[at:]]), spans
