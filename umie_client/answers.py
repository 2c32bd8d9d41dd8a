"""What the service tells besides extractions, field by field as it sends them.

`schema.extraction` has the parts that answers share; fields that a newer service adds are passed
over.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from schema.extraction import AnswerWarning, ImageSize, RegionFound, Timing, TriggerFound


class _Answer(BaseModel):
    # "model" is a field of answers, and so are names that begin with it
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class Asoc(_Answer):
    """A role or relation and what fills it: a span, or a region by its id."""

    label: str
    span: TriggerFound | None
    region: str | None
    score: float


class Record(_Answer):
    """A spot with its asocs; offsets of a span are null where the text does not hold it."""

    label: str | None
    span: TriggerFound | None
    asocs: list[Asoc]
    score: float


class Instructed(_Answer):
    """The answer to an instruction.

    `output` is what the model wrote, `ids` its tokens, `records` what can be read off it; `gate`
    how far the picture was let in; `warnings` what keeps the answer from being what is expected.
    """

    output: str
    ids: list[int]
    records: list[Record]
    image: ImageSize | None
    regions: list[RegionFound]
    gate: float
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = []


class TaskListed(_Answer):
    """A task: where it is asked for alone, which field names its labels, and the usual ones."""

    name: str
    endpoint: str
    description: str
    labels: str
    default_labels: list[str]


class RelationListed(_Answer):
    """A relation and the entity types that it can hold between; empty: any."""

    type: str
    head: list[str]
    tail: list[str]


class EventTypeListed(_Answer):
    """An event type and its roles."""

    type: str
    roles: list[str]


class OntologyListed(_Answer):
    """A label inventory that ships with the service."""

    name: str
    title: str
    entity_types: list[str]
    relation_types: list[str]
    event_types: list[EventTypeListed]


class OntologyDetail(OntologyListed):
    """A label inventory with what its relations hold between."""

    relations: list[RelationListed]


class ModelListed(_Answer):
    """The model that answers, and the limits it answers within, by the setting's name."""

    model: str
    name: str
    version: str
    precision: str
    provider: str
    region_types: list[str]
    default_ontology: str
    limits: dict[str, int | float]
