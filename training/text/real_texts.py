"""Real posts and news sentences that name one person, to pair with a picture of one person."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tasks.document import Document
from tasks.ontology import load
from training.text.kinds import PERSON, coarse_of, coarse_types
from training.text.names import NamePool
from training.text.passage import Passage, Segment, passage_of

_RENAMED = 0.5
_MOST_CHARS = 320
_LEAST_CHARS = 8


@dataclass(frozen=True, slots=True)
class RealTexts:
    """Passages with exactly one mention of a person, and passages with other entities only."""

    about_one: tuple[Passage, ...]
    about_none: tuple[Passage, ...]

    @classmethod
    def of(cls, documents: Sequence[Document]) -> RealTexts:
        """Select the documents of either kind; others, and long ones, are left out."""
        one: list[Passage] = []
        none: list[Passage] = []
        for document in documents:
            if not _LEAST_CHARS <= len(document.text) <= _MOST_CHARS:
                continue
            types = {t.name for t in load(document.ontology).entities}
            fine = not types <= set(coarse_types())
            passage = passage_of(document, annotated=[*map(coarse_of, types)], fine=fine)
            persons = sum(coarse_of(s.kind) == PERSON for s in passage.segments if s.kind)
            if persons == 1:
                one.append(passage)
            elif not persons and passage.kinds:
                none.append(passage)
        return cls(tuple(one), tuple(none))

    def about(
        self, gender: str, regions: tuple[int, ...], names: NamePool, generator: random.Random
    ) -> Passage:
        """A text about the person shown in `regions`; half of the texts get an invented name.

        The new name has the number of words and the case of the old one.
        """
        passage = generator.choice(self.about_one)
        renamed = generator.random() < _RENAMED

        def point(segment: Segment) -> Segment:
            if segment.kind is None or coarse_of(segment.kind) != PERSON:
                return segment
            text = name_like(segment.text, gender, names, generator) if renamed else segment.text
            return replace(segment, text=text, regions=regions)

        return passage.mapped(point)


def name_like(old: str, gender: str, names: NamePool, generator: random.Random) -> str:
    """An invented name with the number of words and the case of an old one."""
    pool = {"male": names.male, "female": names.female}.get(gender, names.male + names.female)
    words = [generator.choice(pool)]
    count = len(old.split())
    if count == 1 and generator.random() < 0.4:
        words = [generator.choice(names.surname)]
    if count > 1:
        words += [generator.choice(names.surname) for _ in range(min(count, 3) - 1)]
    new = " ".join(words)
    if old.isupper():
        return new.upper()
    return new.lower() if old.islower() else new
