from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageColor

from tests.umie_client.samples import entity, extraction, full, region, sideways
from umie_client.colours import colours_of
from umie_client.drawing import draw

GREY = (128, 128, 128)


def one(box: tuple[float, ...], text: str = "Ann", **parts: Any) -> Any:
    """An answer with one person in one region of a picture of 200 x 100 pixels."""
    found: dict[str, Any] = {
        "image": {"width": 200, "height": 100},
        "regions": [region("O1", box)],
        "entities": [entity(0, text, 0, "person", ["O1"])],
    }
    return extraction(**(found | parts))


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    """The smallest box around what was drawn."""
    return ImageChops.difference(before.convert("RGB"), after).getbbox()


def test_a_box_is_drawn_in_the_colour_of_its_type() -> None:
    found = full()
    drawn = draw(found, Image.new("RGB", (200, 100), GREY))
    assert drawn.size == (200, 100)
    assert drawn.getpixel((10, 80)) == ImageColor.getrgb(colours_of(found)["person"])
    assert drawn.getpixel((120, 60)) == ImageColor.getrgb(colours_of(found)["movement:transport"])


def test_the_picture_given_is_left_as_it_was() -> None:
    image = Image.new("RGB", (200, 100), GREY)
    draw(full(), image)
    assert image.getcolors() == [(200 * 100, GREY)]


def test_without_regions_nothing_is_drawn() -> None:
    image = Image.new("RGB", (200, 100), GREY)
    assert changed(image, draw(full().model_copy(update={"regions": []}), image)) is None


def test_a_picture_that_lies_on_its_side_is_drawn_upright() -> None:
    found = one((2, 22, 18, 38), image={"width": 20, "height": 40})
    drawn = draw(found, sideways())
    assert drawn.size == (20, 40)
    assert drawn.getpixel((10, 10)) == (255, 0, 0) and drawn.getpixel((10, 34)) == (0, 0, 255)
    assert drawn.getpixel((2, 30)) == ImageColor.getrgb(colours_of(found)["person"])


def test_a_picture_of_another_size_is_drawn_on_in_proportion() -> None:
    found = one((100, 50, 200, 100))
    large = draw(found, Image.new("RGB", (800, 400), GREY))
    assert large.getpixel((401, 300)) == ImageColor.getrgb(colours_of(found)["person"])
    assert large.getpixel((200, 300)) == GREY


def test_what_shows_nothing_is_thinner() -> None:
    image = Image.new("RGB", (900, 900), GREY)
    size = {"width": 900, "height": 900}
    named = changed_pixels(image, one((100, 100, 800, 800), image=size))
    bare = changed_pixels(image, one((100, 100, 800, 800), image=size, entities=[]))
    assert 0 < bare < named / 2


def changed_pixels(image: Image.Image, found: Any) -> int:
    difference = ImageChops.difference(image, draw(found, image)).convert("L")
    return image.width * image.height - difference.histogram()[0]


def test_a_label_is_written_where_there_is_room() -> None:
    image = Image.new("RGB", (200, 100), GREY)
    box = changed(image, draw(one((50, 40, 150, 90)), image))
    assert box is not None and box[1] < 38


@pytest.mark.parametrize("size", [(1, 1), (5, 5), (12, 400), (400, 12), (30, 30)])
def test_small_pictures_can_be_drawn_on(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, GREY)
    assert draw(one((0, 0, 200, 100), text="A very long name " * 9), image).size == size


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_every_mode_can_be_drawn_on(mode: str) -> None:
    assert draw(full(), Image.new(mode, (200, 100))).mode == "RGB"


BOXES = st.tuples(*[st.floats(-1e4, 1e4) | st.sampled_from([math.inf, -math.inf, math.nan])] * 4)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(BOXES, st.text(max_size=20)), max_size=5),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_drawing_never_fails(
    items: list[tuple[tuple[float, ...], str]], width: int, height: int
) -> None:
    regions = [region(f"O{number}", box) for number, (box, _) in enumerate(items)]
    entities = [
        entity(number, text, None, text[:3], [f"O{number}", "O0"])
        for number, (_, text) in enumerate(items)
    ]
    found = extraction(image={"width": 200, "height": 100}, regions=regions, entities=entities)
    assert draw(found, Image.new("L", (width, height), 128)).size == (width, height)
