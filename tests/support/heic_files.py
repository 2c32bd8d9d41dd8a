"""HEIC files of `tests/support/heic`, written once with pillow-heif: pi-heif only decodes."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).with_name("heic")


def heic(name: str) -> bytes:
    """Read the file `name`: noise-MODE (48 x 32 pixels), MODE-WIDTHxHEIGHT, orientation-1 to -8
    (64 x 32 pixels upright), sequence (of three images), flat-1000x700.
    """
    return (_FOLDER / f"{name}.heic").read_bytes()
