"""Rules for correct arguments in M2E2's pictures."""

from __future__ import annotations

from enum import StrEnum

from training.evaluation.boxes import Rule, overlapping, overlapping_or_inside


class M2E2Rule(StrEnum):
    """The rule of scoring; published scores use different ones (reference "tasks", section 3).

    strict: IoU >= 0.5 with a gold box of the role. wase: also 90 % inside one (WASE, objects).
    wase-without-place: the same without the role "place" in gold and predictions.
    """

    STRICT = "strict"
    WASE = "wase"
    WASE_WITHOUT_PLACE = "wase-without-place"

    @property
    def description(self) -> str:
        """The rule as text, for the results."""
        boxes = "IoU >= 0.5 with a gold box of the role"
        if self is not M2E2Rule.STRICT:
            boxes += " or 90 % inside one"
        place = ", role place left out" if self.left_out else ""
        return (
            f"{self}: event type and role right, {boxes}{place}; each gold box is used once; "
            "multimedia adds up linked sentences and pictures"
        )

    @property
    def boxes(self) -> Rule:
        """The rule for boxes."""
        return overlapping if self is M2E2Rule.STRICT else overlapping_or_inside

    @property
    def left_out(self) -> frozenset[str]:
        """Roles that are not scored."""
        return frozenset({"place"} if self is M2E2Rule.WASE_WITHOUT_PLACE else ())
