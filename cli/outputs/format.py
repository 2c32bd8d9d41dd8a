"""The formats in which answers are printed."""

from __future__ import annotations

from typing import Literal

Format = Literal["table", "json", "ndjson"]
