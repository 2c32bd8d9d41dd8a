"""What an answer has besides for a document of parts: its pictures, its steps and their trace."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class PartImage(_Model):
    """Size of the upright picture of a part."""

    part: int = Field(description="Index in `parts`, from 0.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class StepFound(_Model):
    """What one step of a procedure names."""

    step: int = Field(description="Number of the step, from 1.")
    part: int = Field(description="Index in `parts`, from 0.")
    entities: list[int] = Field(description="Ids of its entities, in text order.")
    regions: list[str] = Field(description="Ids of the regions that show them.")


class TracedMention(_Model):
    """One mention of a thing that is traced through the steps."""

    step: int = Field(description="Number of the step, from 1.")
    entity: int = Field(description="Id of the entity.")
    regions: list[str] = Field(description="Ids of the regions that show it in this step.")


class TraceFound(_Model):
    """A thing that two or more steps name."""

    cluster: int = Field(description="Id of its cluster.")
    name: str
    type: str
    steps: list[TracedMention] = Field(description="In the order of the steps.")


def only_for_parts(value: Any) -> bool:
    """Whether a field is left out of the JSON: it is None in answers to requests without parts."""
    return value is None
