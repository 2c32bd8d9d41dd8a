"""The order in which a question lists its labels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256


class LabelOrder(StrEnum):
    """The order of listed labels: that of the inventory, or another."""

    INVENTORY = "inventory"
    ALPHABETICAL = "alphabetical"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"

    def of(self, labels: Sequence[str], text: str) -> tuple[str, ...]:
        """`labels` in this order; the shuffled order depends on the text and is deterministic."""
        if self is LabelOrder.ALPHABETICAL:
            return tuple(sorted(labels))
        if self is LabelOrder.REVERSED:
            return tuple(reversed(labels))
        if self is LabelOrder.SHUFFLED:
            seed = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
            return tuple(random.Random(seed).sample(labels, len(labels)))
        return tuple(labels)
