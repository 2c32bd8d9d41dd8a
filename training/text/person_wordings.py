"""Templates of posts and news about one named person, as passages."""

from __future__ import annotations

import random
import re
from functools import cache
from importlib.resources import files

import yaml

from training.text.kinds import things
from training.text.passage import Passage, Segment

_KINDS = {
    "city": "city",
    "country": "country",
    "state": "state",
    "company": "company",
    "team": "sports team",
    "band": "band",
    "university": "educational institution",
    "media": "news agency",
    "party": "political party",
    "agency": "government agency",
    "charity": "social organization",
    "league": "sports league",
    "film": "film and television works",
    "song": "music",
    "book": "written work",
    "festival": "festival",
    "event": "sports event",
    "award": "award",
    "software": "software",
    "product": "brand name products",
    "stadium": "sports facility",
    "venue": "entertainment place",
    "museum": "cultural place",
    "park": "park",
}
_SLOT = re.compile(r"\{([a-z]+)2?\}")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "March", "April", "May", "June", "July", "August", "October", "December")
_TAGS = (
    *("tbt", "love", "blessed", "monday", "sunday", "live", "news", "respect", "goals", "family"),
    *("smile", "nofilter", "vibes", "mood", "photooftheday", "friends", "throwback", "weekend"),
    *("breaking", "legend", "nature", "fun", "party", "sports", "win", "coffee", "art"),
)
_SYLLABLES = (
    *("ka", "lo", "mi", "ra", "ne", "to", "sha", "be", "ri", "du", "vi", "zo", "pe", "la", "mo"),
    *("si", "jay", "tom", "fan", "girl", "boy", "real", "the"),
)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@cache
def wordings() -> dict[str, tuple[str, ...]]:
    """The templates, by the kind of the named person."""
    text = files("training.text").joinpath("wordings.yaml").read_text(encoding="utf-8")
    tree: dict[str, list[str]] = yaml.safe_load(text)
    return {kind: tuple(templates) for kind, templates in tree.items()}


def worded(name: str, regions: tuple[int, ...], generator: random.Random) -> Passage:
    """A text about the person `name`, who is shown in `regions` (best first)."""
    listed = [(kind, t) for kind, templates in wordings().items() for t in templates]
    return filled(*generator.choice(listed), name, regions, generator)


def filled(
    kind: str, template: str, name: str, regions: tuple[int, ...], generator: random.Random
) -> Passage:
    """Fill the slots of a template; a slot with a 2 gets a different value than the one without.

    `{p2}` is the person's first name: a second mention of the same person.
    """
    segments: list[Segment] = []
    used = {name}
    at = 0
    for match in _SLOT.finditer(template):
        segments.append(Segment(template[at : match.start()]))
        slot, at = match[1], match.end()
        if slot == "p":
            said = name.split()[0] if match[0] == "{p2}" else name
            segments.append(Segment(said, kind, regions))
        elif slot in _KINDS:
            free = [thing for thing in things(_KINDS[slot]) if thing not in used]
            thing = generator.choice(free)
            used.add(thing)
            segments.append(Segment(thing, _KINDS[slot]))
        else:
            segments.append(Segment(_filler(slot, generator)))
    segments.append(Segment(template[at:]))
    return Passage(tuple(segment for segment in segments if segment.text))


def handle(generator: random.Random) -> str:
    """An account name without the @."""
    parts = "".join(generator.choices(_SYLLABLES, k=generator.randint(2, 4)))
    number = str(generator.randint(1, 99)) if generator.random() < 0.4 else ""
    return parts + ("_" if generator.random() < 0.2 else "") + number


def link(generator: random.Random) -> str:
    """A short link."""
    return f"http://t.co/{''.join(generator.choices(_LETTERS, k=10))}"


def hashtag(generator: random.Random) -> str:
    """The word of a hashtag."""
    return generator.choice(_TAGS)


def _filler(slot: str, generator: random.Random) -> str:
    if slot == "n":
        return str(generator.randint(2, 9))
    if slot == "year":
        return str(generator.randint(1985, 2019))
    if slot == "day":
        return generator.choice(_DAYS)
    if slot == "month":
        return generator.choice(_MONTHS)
    return {"handle": handle, "url": link, "tag": hashtag}[slot](generator)
