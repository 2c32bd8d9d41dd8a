"""What proposes the regions of a picture for a tower that does not."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from service.engine.proposal import Proposal


class Proposer(Protocol):
    """Called on a thread of its own, one picture at a time, and never by the event loop."""

    @property
    def reads_text(self) -> bool:
        """Whether what it proposes depends on the text that comes with the picture."""

    @property
    def region_types(self) -> tuple[str, ...]:
        """All labels it may give; empty where they are words of the text."""

    def propose(self, image: Image.Image, text: str) -> Proposal:
        """At most 36 regions of an upright RGB picture, the surest first."""
