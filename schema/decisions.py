"""The responses of `POST /choose` and `POST /ground`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from schema.extraction import AnswerWarning, ImageSize, RegionFound, Timing


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class OptionScored(_Result):
    """An option and its probability."""

    label: str
    score: float = Field(description="Probability among all options and none.")


class Chosen(_Result):
    """A distribution over the options and none; its scores sum to 1."""

    options: list[OptionScored] = Field(description="In the order of the request.")
    none: float = Field(description="Probability that none of the options fits.")
    image: ImageSize | None = Field(description="Null if the request has no image.")
    gate: float = Field(description="Gate value: the weight of the image; 0 without an image.")
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="Why the response may be less useful than expected."
    )


class PhraseFound(_Result):
    """A phrase, and where the image shows it."""

    phrase: str
    present: float = Field(description="Probability that one of the regions shows it.")
    region: str | None = Field(
        description="Id of the best region. Null where `present` is below 0.5."
    )
    box: tuple[float, float, float, float] | None = Field(
        description="Box of that region: x1, y1, x2, y2 in pixels of the upright image."
    )


class PhrasesGrounded(_Result):
    """The phrases of a request with their regions."""

    image: ImageSize
    regions: list[RegionFound]
    phrases: list[PhraseFound] = Field(description="In the order of the request.")
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="Why the response may be less useful than expected."
    )
