"""Colours of types: the same type has the same one in pictures and in pages."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from schema.extraction import Extraction

PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#aa4499",
    "#e69f00",
    "#56b4e9",
    "#882255",
    "#117733",
    "#332288",
    "#999933",
    "#cc79a7",
    "#661100",
)
"""Told apart by most who see colours otherwise (after Okabe and Ito, and Tol)."""

MUTED = "#6e7781"
"""For what has no type."""

_LIGHT_ENOUGH = 0.179
"""Luminance from which black has more contrast than white (WCAG 2); either has 4.5 at least."""


def colours_of(extraction: Extraction) -> dict[str, str]:
    """A colour "#rrggbb" for each type of entity and event."""
    types = {entity.type for entity in extraction.entities}
    return assigned(types | {event.type for event in extraction.events})


def assigned(types: Iterable[str]) -> dict[str, str]:
    """A colour for each of `types`: its usual one, or the next that is free.

    Colours repeat only where there are more types than colours.
    """
    taken: dict[str, str] = {}
    for kind in sorted(set(types)):
        usual = zlib.crc32(kind.encode("utf-8", errors="replace")) % len(PALETTE)
        turned = PALETTE[usual:] + PALETTE[:usual]
        free = [colour for colour in turned if colour not in taken.values()]
        taken[kind] = (free or turned)[0]
    return taken


def colour_of(kind: str | None, colours: Mapping[str, str]) -> str:
    """The colour of a type; muted where there is none."""
    return MUTED if kind is None else colours.get(kind, MUTED)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on `colour`."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > _LIGHT_ENOUGH else "#ffffff"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
