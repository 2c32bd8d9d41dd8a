"""What there is to say of the model that answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`full_name` is name and version, as answers carry them: `umie-compact@1a2b3c4d`.

    `max_text_tokens` counts a text's own tokens, `max_prompt_tokens` those of its instruction, too,
    and `max_total_tokens` the labels as well.
    """

    full_name: str
    precision: str
    provider: str
    region_types: tuple[str, ...]
    max_text_tokens: int
    max_prompt_tokens: int
    max_total_tokens: int

    @property
    def name(self) -> str:
        """What stands before the `@`."""
        return self.full_name.partition("@")[0]

    @property
    def version(self) -> str:
        """What stands behind it."""
        return self.full_name.partition("@")[2]
