from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.clip_config import ClipTowerConfig
from models.clip_pixels import crops_from_image

CONFIG = ClipTowerConfig(image_size=16)
MEAN, STD = np.array(CONFIG.mean), np.array(CONFIG.std)
NONE = np.zeros((0, 4), dtype=np.float32)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def noise(width: int, height: int) -> Image.Image:
    values = np.random.default_rng(width).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_a_picture_of_any_size_and_mode(mode: str) -> None:
    crops = crops_from_image(Image.new(mode, (31, 57)), boxes((0, 0, 0.5, 0.5)), CONFIG)
    assert crops.shape == (2, 3, 16, 16) and crops.dtype == np.float32
    assert crops.flags.c_contiguous


def test_the_size_is_clip_s_unless_it_is_told() -> None:
    assert crops_from_image(Image.new("RGB", (8, 8)), NONE).shape == (1, 3, 224, 224)


def test_values_are_normalised_as_clip_s() -> None:
    (crop,) = crops_from_image(Image.new("RGB", (9, 9), (255, 0, 51)), NONE, CONFIG)
    expected = (np.array([1.0, 0.0, 0.2]) - MEAN) / STD
    np.testing.assert_allclose(crop.mean((1, 2)), expected, atol=1e-5)


def test_the_whole_picture_is_squashed_bicubically() -> None:
    image = noise(40, 24)
    scaled = np.asarray(image.resize((16, 16), Image.Resampling.BICUBIC)) / 255.0
    (crop,) = crops_from_image(image, NONE, CONFIG)
    np.testing.assert_allclose(crop, ((scaled - MEAN) / STD).transpose(2, 0, 1), atol=1e-5)


def test_a_crop_is_the_part_as_a_picture_of_its_own() -> None:
    image = noise(40, 20)
    _, left, inner = crops_from_image(
        image, boxes((0.0, 0.0, 0.5, 1.0), (0.26, 0.5, 0.74, 0.98)), CONFIG
    )
    for crop, part in ((left, (0, 0, 20, 20)), (inner, (10, 10, 30, 20))):
        (alone,) = crops_from_image(image.crop(part), NONE, CONFIG)
        np.testing.assert_array_equal(crop, alone)


@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.integers(0, 2999),
    st.integers(0, 2999),
)
def test_whole_pixels_stay_whole(width: int, height: int, left: int, top: int) -> None:
    """Boxes go through float32; a side at a pixel's edge must not take in the next pixel."""
    left, top = left % width, top % height
    box = boxes((left / width, top / height, (left + 1) / width, 1.0))
    image = Image.new("RGB", (width, height), "white")
    image.paste("black", (left, top, left + 1, height))
    _, crop = crops_from_image(image, box, ClipTowerConfig(image_size=4))
    np.testing.assert_allclose(crop, np.broadcast_to((-MEAN / STD)[:, None, None], crop.shape))


@pytest.mark.parametrize("box", [(0.5, 0.5, 0.5, 0.5), (1, 1, 1, 1), (0.9, 0.9, 1.5, 1.5)])
def test_a_box_of_no_pixel_shows_one(box: tuple[float, float, float, float]) -> None:
    _, crop = crops_from_image(noise(10, 10), boxes(box), CONFIG)
    assert np.ptp(crop, axis=(1, 2)).max() < 1e-6
