"""A tiny bundle for the commands."""

from __future__ import annotations

from tests.support.bundle import tiny_folder as tiny_folder
