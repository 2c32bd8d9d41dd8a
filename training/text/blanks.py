"""Pictures without objects: plain colours, gradients, noise, and screenshots of text.

``python -m training.text.blanks --output FOLDER`` draws them.
Then ``python -m training.vision.features`` extracts their features. With any of these pictures, no
name has a region.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from training.text.person_wordings import worded

PREFIX = "blank-"
"""Prefix of the names of these pictures."""

_SIDE = 224
_NAMES = ("Ann Lee", "Tom Stone", "Maria Rossi", "Omar Diaz", "Kenji Sato")

Pixels = NDArray[np.uint8]


def write_blanks(folder: Path, count: int = 60, seed: int = 0) -> list[Path]:
    """Write `count` PNG files; the first are plain white, plain black and noise."""
    generator = random.Random(seed)
    drawers: tuple[Callable[[random.Random], Image.Image], ...] = (
        _plain,
        _gradient,
        _noise,
        _text,
        _shapes,
    )
    pictures = [_filled(255, 255, 255), _filled(0, 0, 0), _noise(generator), _filled(128, 128, 128)]
    while len(pictures) < count:
        pictures.append(drawers[len(pictures) % len(drawers)](generator))
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{PREFIX}{number:03}.png" for number in range(count)]
    for path, picture in zip(paths, pictures, strict=False):
        picture.save(path)
    return paths


def _filled(red: int, green: int, blue: int) -> Image.Image:
    return Image.new("RGB", (_SIDE, _SIDE), (red, green, blue))


def _colour(generator: random.Random) -> tuple[int, int, int]:
    return generator.randrange(256), generator.randrange(256), generator.randrange(256)


def _plain(generator: random.Random) -> Image.Image:
    return _filled(*_colour(generator))


def _gradient(generator: random.Random) -> Image.Image:
    first, last = np.array(_colour(generator)), np.array(_colour(generator))
    across, down = np.meshgrid(np.linspace(0, 1, _SIDE), np.linspace(0, 1, _SIDE))
    slope = generator.random()
    part = (slope * across + (1 - slope) * down)[..., None]
    return _image(first * (1 - part) + last * part)


def _noise(generator: random.Random) -> Image.Image:
    """Noise of one grain size, in colour or grey."""
    random_pixels = np.random.default_rng(generator.randrange(1 << 30))
    grain = generator.choice((1, 2, 8, 28))
    side = _SIDE // grain
    pixels = random_pixels.integers(0, 256, (side, side, generator.choice((1, 3))))
    large = np.kron(pixels, np.ones((grain, grain, 1)))
    return _image(np.broadcast_to(large, (_SIDE, _SIDE, 3)))


def _text(generator: random.Random) -> Image.Image:
    """Lines of text on a plain background, as in a screenshot."""
    dark = generator.random() < 0.3
    picture = _filled(20, 24, 28) if dark else _filled(250, 250, 250)
    draw = ImageDraw.Draw(picture)
    top = generator.randint(4, 40)
    while top < _SIDE - 20:
        size = generator.randint(10, 22)
        text = worded(generator.choice(_NAMES), (), generator).text
        plain = text.encode("ascii", "ignore").decode()
        ink = (230, 230, 230) if dark else (20, 20, 20)
        draw.text((8, top), plain, fill=ink, font=ImageFont.load_default(size))
        top += size + generator.randint(4, 16)
    return picture


def _shapes(generator: random.Random) -> Image.Image:
    picture = _plain(generator)
    draw = ImageDraw.Draw(picture)
    for _ in range(generator.randint(1, 6)):
        left, top = generator.randrange(_SIDE - 20), generator.randrange(_SIDE - 20)
        right, bottom = generator.randint(left + 10, _SIDE), generator.randint(top + 10, _SIDE)
        shape = generator.choice((draw.rectangle, draw.ellipse))
        shape((left, top, right, bottom), fill=_colour(generator))
    return picture


def _image(pixels: NDArray[np.float64]) -> Image.Image:
    whole: Pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(whole))


def main() -> None:
    """Draw the pictures into a folder."""
    parser = argparse.ArgumentParser(prog="training.text.blanks", description="Draw empty pictures")
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write_blanks(arguments.output, arguments.count, arguments.seed)


if __name__ == "__main__":
    main()
