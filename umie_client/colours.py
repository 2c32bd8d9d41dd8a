"""Colours of types, the same in drawings and pages."""

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
"""Colours that are distinguishable with colour vision deficiency (Okabe and Ito; Tol)."""

MUTED = "#6e7781"
"""The colour of marks without a type."""

_LIGHT_LUMINANCE = 0.179
"""Luminance from which black has more contrast than white (WCAG 2); both have at least 4.5."""


def colours_of(extraction: Extraction) -> dict[str, str]:
    """Assign a colour "#rrggbb" to each entity and event type."""
    types = {entity.type for entity in extraction.entities}
    return assigned(types | {event.type for event in extraction.events})


def assigned(types: Iterable[str]) -> dict[str, str]:
    """Assign a colour to each type: its default colour, or the next free one.

    Colours repeat only if there are more types than colours.
    """
    taken: dict[str, str] = {}
    for kind in sorted(set(types)):
        default = zlib.crc32(kind.encode("utf-8", errors="replace")) % len(PALETTE)
        rotated = PALETTE[default:] + PALETTE[:default]
        free = [colour for colour in rotated if colour not in taken.values()]
        taken[kind] = (free or rotated)[0]
    return taken


def colour_of(kind: str | None, colours: Mapping[str, str]) -> str:
    """Return the colour of a type; `MUTED` for None."""
    return MUTED if kind is None else colours.get(kind, MUTED)


def ink_on(colour: str) -> str:
    """Return black or white, whichever has more contrast on `colour`."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#000000" if luminance > _LIGHT_LUMINANCE else "#ffffff"


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
