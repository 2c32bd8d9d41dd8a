"""Tiny checkpoints and their bundles."""

from __future__ import annotations

from tests.support.bundle import tiny_folder as tiny_folder
