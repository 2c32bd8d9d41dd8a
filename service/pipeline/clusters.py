"""Mentions of one thing, put together by rules.

Two mentions of one type belong together where

1. their names are the same but for case, white space, a possessive ending, titles such as "Dr.", a
   leading article and legal forms such as "Inc.";
2. one is the initials of the other ("ECB", "European Central Bank");
3. for persons, one is the last words or the first word of the other ("von der Leyen" and "Ursula",
   "Ursula von der Leyen"), and of no other person's name in the document.

Nothing else is merged: two Smiths stay two where both have given names, and a short form that fits
two longer names stays alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PERSON = frozenset({"person", "per", "people", "human", "name of a person"})
_TITLES = _words(
    "mr mrs ms miss dr prof professor sir dame lord lady president minister senator "
    "king queen pope judge captain general sergeant chancellor"
)
_ARTICLES = frozenset({"the", "a", "an"})
_LEGAL = _words("inc ltd llc corp co plc gmbh ag sa nv bv se spa oy ab kg company")
_LINKING = _words("of and the for de la du der von van di da del & in on")
_POSSESSIVE = re.compile(r"['\u2019]s?$")
_EDGES = " \t\n.,;:!?\"'\u2018\u2019\u201c\u201d()[]#@"
_LEAST_INITIALS = 2
_NONE: frozenset[tuple[str, ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text and its type; `person` where the type is one of people."""

    text: str
    type: str
    person: bool


def is_person(type_: str, parent: str | None = None) -> bool:
    """Whether a type, or the coarse type that it belongs to, is one of people."""
    return any(name.casefold() in _PERSON for name in (type_, parent) if name)


def clusters_of(mentions: Sequence[Mention]) -> list[list[int]]:
    """The numbers of mentions that name one thing, in the order of their first mention.

    Every mention is in exactly one list. The order of mentions changes nothing but the order of
    lists. Takes time linear in the number of mentions and their words.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, mention in enumerate(mentions):
        key = mention.type, _normal(mention.text)
        groups.setdefault(key, []).append(number)
    people = {mention.type for mention in mentions if mention.person}
    owner = {key: key for key in groups}
    for type_ in {type_ for type_, _ in groups}:
        names = [name for kind, name in groups if kind == type_]
        for short, long in _short_forms(names, person=type_ in people):
            owner[type_, short] = type_, long
    merged: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for key, numbers in groups.items():
        merged.setdefault(_root(key, owner), []).extend(numbers)
    return sorted((sorted(numbers) for numbers in merged.values()), key=lambda found: found[0])


def _normal(text: str) -> tuple[str, ...]:
    """The words of a name that tell it from others; all of them where that leaves none."""
    words = [_POSSESSIVE.sub("", word.strip(_EDGES)).casefold() for word in text.split()]
    words = [word.strip(_EDGES) for word in words]
    kept = [word for word in words if word]
    while len(kept) > 1 and (kept[0] in _TITLES or kept[0] in _ARTICLES):
        kept = kept[1:]
    while len(kept) > 1 and kept[-1] in _LEGAL:
        kept = kept[:-1]
    return tuple(kept) or (text.casefold(),)


def _short_forms(
    names: Iterable[tuple[str, ...]], *, person: bool
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Pairs of a short form and the one longer name that it can stand for."""
    longer: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    listed = list(names)
    for name in listed:
        for short in _forms(name, person=person):
            longer.setdefault(short, set()).add(name)
    found = []
    for short in listed:
        candidates = longer.get(short, set()) - {short}
        # a candidate that is a short form of another one does not make the name ambiguous
        maximal = [name for name in candidates if longer.get(name, _NONE).isdisjoint(candidates)]
        if len(maximal) == 1:
            found.append((short, maximal.pop()))
    return found


def _forms(name: tuple[str, ...], *, person: bool) -> set[tuple[str, ...]]:
    """The short forms of a name."""
    forms: set[tuple[str, ...]] = set()
    if person:
        forms |= {name[at:] for at in range(1, len(name))}
        forms |= {name[:1]} if len(name) > 1 else set()
        return forms
    initials = "".join(word[0] for word in name if word not in _LINKING)
    if len(initials) >= _LEAST_INITIALS and len(name) > 1:
        forms.add((initials,))
    return forms


def _root(
    key: tuple[str, tuple[str, ...]],
    owner: dict[tuple[str, tuple[str, ...]], tuple[str, tuple[str, ...]]],
) -> tuple[str, tuple[str, ...]]:
    while owner[key] != key:
        key = owner[key]
    return key
