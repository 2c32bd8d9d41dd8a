"""Tiny checkpoints and their bundles."""

from __future__ import annotations

from tests.support.bundle import tiny_bundle as tiny_bundle
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.clip_bundle import clip_bundle as clip_bundle
from tests.support.clip_bundle import clip_folder as clip_folder
from tests.support.converted import converted_gated as converted_gated
from tests.support.converted import converted_relu as converted_relu
