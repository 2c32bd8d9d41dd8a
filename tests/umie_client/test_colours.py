from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umie_client.samples import full
from umie_client.colours import MUTED, PALETTE, assigned, colour_of, colours_of, ink_on


@settings(max_examples=25)
@given(st.sets(st.text(max_size=3), max_size=20))
def test_types_share_a_colour_only_where_there_are_too_many(types: set[str]) -> None:
    colours = assigned(types)
    assert colours.keys() == types
    assert len(set(colours.values())) >= min(len(types), len(PALETTE))


def test_a_type_keeps_its_colour_in_other_company() -> None:
    alone, together = assigned(["person"]), assigned(["person", "organization", "location"])
    assert alone["person"] == together["person"]


def test_entities_and_events_have_colours() -> None:
    assert colours_of(full()).keys() == {"person", "organization", "movement:transport"}


def test_what_has_no_type_is_muted() -> None:
    assert colour_of(None, {}) == colour_of("unknown", {}) == MUTED


@pytest.mark.parametrize(
    ("colour", "ink"), [("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#e69f00", "#000000")]
)
def test_ink_has_contrast_on_every_colour(colour: str, ink: str) -> None:
    assert ink_on(colour) == ink


@pytest.mark.parametrize("colour", PALETTE)
def test_every_colour_of_the_palette_leaves_contrast(colour: str) -> None:
    def light(code: str) -> float:
        channels = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    lighter, darker = sorted((light(colour), light(ink_on(colour))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
