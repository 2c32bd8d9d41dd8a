"""The forms of an answer, one per task."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Opening(Enum):
    """What follows an item's opening bracket."""

    TYPED = "label : span"
    HEAD = "the head of the pair"
    BARE = "label"
    GIVEN = "a mention that the prompt names : label"


class Filler(Enum):
    """What an asoc's role may point to."""

    SPAN = "a span of the text"
    REGION = "a region of the image"
    TAIL = "the tail of the pair"


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer.

    Attributes:
        name: a name for messages.
        opening: what follows an item's opening bracket.
        fillers: what the asocs may point to; empty for no asocs.
        single: exactly one item instead of any number.
        one_asoc: at most one asoc per item.
    """

    name: str
    opening: Opening
    fillers: frozenset[Filler] = frozenset()
    single: bool = False
    one_asoc: bool = False


ENTITIES = Form("entities", Opening.TYPED)
GROUNDED = Form("grounded entities", Opening.TYPED, frozenset({Filler.REGION}), one_asoc=True)
PAIR = Form(
    "relation of a pair", Opening.HEAD, frozenset({Filler.TAIL}), single=True, one_asoc=True
)
CHOICE = Form("type of a mention", Opening.GIVEN, single=True)
GROUNDED_CHOICE = Form(
    "type and region of a mention",
    Opening.GIVEN,
    frozenset({Filler.REGION}),
    single=True,
    one_asoc=True,
)
JOINT = Form("joint entities and relations", Opening.TYPED, frozenset({Filler.SPAN}))
TRIGGERS = Form("event triggers", Opening.TYPED)
ARGUMENTS = Form(
    "event arguments", Opening.BARE, frozenset({Filler.SPAN, Filler.REGION}), single=True
)

REGION_ROLE = "region"
"""The only role of grounded entities."""
