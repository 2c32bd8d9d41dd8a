"""The label list of a grounded example: a published inventory or free words, shuffled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ontology import load
from training.text.example import Example, ExamplePicture
from training.text.kinds import (
    PERSON,
    SOMEONE,
    coarse_of,
    fine_kinds,
    kinds_with_words,
    words_for,
)
from training.text.passage import Passage, grounded

_MOST = 25
_FULL_FINE = 0.25
_ONLY_PERSON_WORD = 0.4
_SPECIFIC = 0.6
_DROPPED = 0.08
_PERSON_DROPPED = 0.03
_INVENTORIES = {"twitter4": 0.34, "fmnerg8": 0.12, "fmnerg51": 0.18, "free": 0.36}


@dataclass(frozen=True, slots=True)
class Labelling:
    """The label of every requested kind, and all listed labels in order."""

    words: dict[str, str]
    spots: tuple[str, ...]


def asked(passage: Passage, picture: ExamplePicture, generator: random.Random) -> Example:
    """The example of a passage with a random labelling."""
    labelling = draw(passage, generator)
    return grounded(passage, picture, labelling.words, labelling.spots)


def draw(passage: Passage, generator: random.Random) -> Labelling:
    """A random labelling that is correct for the passage; most or all of its kinds have a label."""
    inventory = _inventory(passage, generator)
    if inventory == "free":
        words = _free_words(passage, generator)
        absent = _absent_words(passage, words, generator)
    elif inventory == "fmnerg51":
        words, absent = _fine(passage, generator)
    else:
        place = 0 if inventory == "fmnerg8" else None
        words = {k: _type_of(k, place) for k in passage.kinds}
        absent = _others([t.name for t in load(inventory).entities], words)
    words = _dropped(words, generator)
    spots = [*dict.fromkeys(words.values()), *absent]
    if not spots:
        words = {k: coarse_of(k) for k in passage.kinds}
        spots = sorted(passage.annotated)
    return Labelling(words, tuple(generator.sample(spots, len(spots))))


def _inventory(passage: Passage, generator: random.Random) -> str:
    name = generator.choices(list(_INVENTORIES), list(_INVENTORIES.values()))[0]
    if name != "free" and not passage.fine:
        return "twitter4" if "miscellaneous" in passage.annotated else "broad3"
    return name


def _type_of(kind: str, place: int | None) -> str:
    return coarse_of(kind) if place is None else fine_kinds()[kind][place]


def _others(names: Sequence[str], words: dict[str, str]) -> list[str]:
    present = set(words.values())
    return [name for name in names if name not in present]


def _fine(passage: Passage, generator: random.Random) -> tuple[dict[str, str], list[str]]:
    """Types of fmnerg51; a person of unknown occupation may have the only listed person type."""
    names = [t.name for t in load("fmnerg51").entities]
    words = {kind: fine_kinds()[kind][1] for kind in passage.kinds}
    if generator.random() < _FULL_FINE:
        return words, _others(names, words)
    persons = [n for n in names if coarse_of(n) == PERSON]
    if [k for k in words if coarse_of(k) == PERSON] == [SOMEONE]:
        alone = generator.random() < _ONLY_PERSON_WORD
        words[SOMEONE] = generator.choice(persons) if alone else words[SOMEONE]
        names = [n for n in names if n not in persons or not alone]
    absent = _others(names, words)
    count = min(len(absent), _absent_count(len(words), generator))
    return words, generator.sample(absent, count)


def _absent_count(present: int, generator: random.Random) -> int:
    least, most = generator.choices(((2, 5), (5, 10), (10, _MOST)), (5, 3, 2))[0]
    return max(1, generator.randint(least, most) - present)


def _free_words(passage: Passage, generator: random.Random) -> dict[str, str]:
    """A word for every kind: one word per coarse type, or one per fine kind."""
    words: dict[str, str] = {}
    for coarse in dict.fromkeys(coarse_of(kind) for kind in passage.kinds):
        kinds = [kind for kind in passage.kinds if coarse_of(kind) == coarse]
        specific = passage.fine and coarse not in kinds and generator.random() < _SPECIFIC
        if SOMEONE in kinds and len(kinds) > 1:
            specific = False
        word = generator.choice(words_for(coarse))
        words.update({k: generator.choice(words_for(k)) if specific else word for k in kinds})
    return words


def _absent_words(passage: Passage, words: dict[str, str], generator: random.Random) -> list[str]:
    """Words for kinds absent from the text; never a second word for a kind in the text."""
    general = {coarse_of(k) for k, word in words.items() if word in words_for(coarse_of(k))}
    general |= {PERSON} if SOMEONE in words else set()
    blocked = {fine_kinds()[k][1] for k in words if k in fine_kinds()}
    free = [
        kind
        for kind in kinds_with_words()
        if (coarse := coarse_of(kind)) in passage.annotated
        and coarse not in general
        and kind not in blocked
        and kind not in words
        and not (kind == coarse and any(coarse_of(k) == coarse for k in words))
    ]
    count = min(len(free), _absent_count(len(words), generator))
    chosen = {generator.choice(words_for(kind)): None for kind in generator.sample(free, count)}
    return _others(list(chosen), words)


def _dropped(words: dict[str, str], generator: random.Random) -> dict[str, str]:
    """Remove some labels from the request; the target omits their entities."""
    kept = {
        word
        for word in dict.fromkeys(words.values())
        if generator.random()
        >= (
            _PERSON_DROPPED
            if any(coarse_of(k) == PERSON for k, w in words.items() if w == word)
            else _DROPPED
        )
    }
    return {kind: word for kind, word in words.items() if word in kept}
