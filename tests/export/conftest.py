"""A tiny checkpoint and its bundle."""

from __future__ import annotations

from tests.support.bundle import tiny_bundle as tiny_bundle
from tests.support.bundle import tiny_folder as tiny_folder
