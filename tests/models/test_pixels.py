from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models.pixels import pixels_from_image, squash
from models.tower_config import TowerConfig


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_every_mode_becomes_normalised_rgb(mode: str) -> None:
    pixels = pixels_from_image(Image.new(mode, (31, 57)))
    assert pixels.shape == (3, 224, 224)
    assert pixels.dtype == np.float32
    assert pixels.flags.c_contiguous


def test_normalisation_uses_the_mean_and_deviation_of_each_channel() -> None:
    config = TowerConfig()
    pixels = pixels_from_image(Image.new("RGB", (10, 10), (255, 0, 51)))
    expected = [(v - m) / s for v, m, s in zip((1, 0, 0.2), config.mean, config.std, strict=True)]
    np.testing.assert_allclose(pixels[:, 5, 5], expected, rtol=1e-5)


def test_the_aspect_ratio_is_not_kept() -> None:
    image = Image.new("RGB", (400, 100))
    image.paste((255, 255, 255), (200, 0, 400, 100))
    values = np.asarray(squash(image, 8))
    assert (values[:, :3] == 0).all()
    assert (values[:, 5:] == 255).all()


def test_a_picture_of_the_right_size_is_untouched() -> None:
    values = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(squash(Image.fromarray(values), 16)), values)
