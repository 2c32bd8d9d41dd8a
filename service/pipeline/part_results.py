"""The results of a request's texts as those of the whole request.

Ids are numbered through the request and offsets count from their part. Regions are numbered
through the pictures: those of the second one follow on those of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from schema.document import PartImage, StepFound, TracedMention, TraceFound
from schema.extraction import (
    ArgumentFound,
    ClusterFound,
    EntityFound,
    EventFound,
    Extraction,
    RelationFound,
)
from service.pipeline.parts import Section
from service.pipeline.regions import regions_of
from service.pipeline.text_extraction import TextResults
from service.pipeline.validated_requests import DocumentPart, ExtractionRequest
from service.vision.encoder import EncodedImage
from tasks.records import Region


class Place(NamedTuple):
    """Where a text is in a document.

    `part` is the index of its part, None in a request without parts; `regions` is how many regions
    come before those of the picture that it is read with.
    """

    part: int | None
    regions: int


def places_of(
    request: ExtractionRequest, sections: Sequence[Section], images: Mapping[int, EncodedImage]
) -> list[Place]:
    """Where each section of a request is; arguments as for `merged_results`."""
    if request.parts is None:
        return [Place(None, 0) for _ in sections]
    firsts = _first_regions(images)
    return [
        Place(section.part, 0 if section.picture is None else firsts[section.picture])
        for section in sections
    ]


def merged_results(
    request: ExtractionRequest,
    sections: Sequence[Section],
    results: Sequence[TextResults],
    images: Mapping[int, EncodedImage],
) -> TextResults:
    """Merge the results of the sections of a request.

    Args:
        request: the request; one without parts has at most one section, and is not numbered anew.
        sections: its texts.
        results: the results of each.
        images: its pictures by the index of their part.
    """
    if request.parts is None:
        return results[0] if results else TextResults([], [], [])
    entities: list[EntityFound] = []
    relations: list[RelationFound] = []
    events: list[EventFound] = []
    for place, found in zip(places_of(request, sections, images), results, strict=True):
        first = len(entities)
        entities += [_moved_entity(entity, first, place) for entity in found.entities]
        relations += [_moved_relation(relation, first) for relation in found.relations]
        events += [_moved_event(event, first, place) for event in found.events]
    return TextResults(entities, relations, events)


def with_parts(
    answer: Extraction,
    parts: Sequence[DocumentPart],
    images: Mapping[int, EncodedImage],
    named: set[str],
    min_score: float,
) -> Extraction:
    """Add what only the answer to a document has: regions of several pictures, steps and trace.

    Args:
        answer: the answer, with the entities and clusters of the document.
        parts: the parts of the document.
        images: its pictures by the index of their part.
        named: ids of regions to keep whatever their score is.
        min_score: other regions with a smaller score are dropped.
    """
    firsts = _first_regions(images)
    steps = _steps(parts, answer.entities)
    return answer.model_copy(
        update={
            "images": [
                PartImage(part=part, width=image.width, height=image.height)
                for part, image in images.items()
            ],
            "regions": [
                region.model_copy(update={"part": part})
                for part, image in images.items()
                for region in regions_of(image, min_score, named, before=firsts[part])
            ],
            "steps": steps,
            "trace": _trace(steps, answer.entities, answer.clusters),
        }
    )


def placed(entity: EntityFound, place: Place) -> EntityFound:
    """The entity of a text as one of the document; its id stays."""
    regions = _moved_ids(entity.regions, place.regions)
    return entity.model_copy(update={"part": place.part, "regions": regions})


def _moved_ids(names: Iterable[str], by: int) -> list[str]:
    """The ids of regions that follow on `by` regions of other pictures."""
    return [_moved_id(name, by) for name in names]


def _first_regions(images: Mapping[int, EncodedImage]) -> dict[int, int]:
    """By the part of each picture, how many regions the pictures before it have."""
    before, firsts = 0, {}
    for part, image in images.items():
        firsts[part] = before
        before += len(image.visual.scores)
    return firsts


def _steps(parts: Sequence[DocumentPart], entities: Sequence[EntityFound]) -> list[StepFound]:
    """The steps of a request with what each names, numbered from 1."""
    of_part: dict[int | None, list[EntityFound]] = {}
    for entity in entities:
        of_part.setdefault(entity.part, []).append(entity)
    return [
        StepFound(
            step=number,
            part=part,
            entities=[entity.id for entity in of_part.get(part, [])],
            regions=list(
                dict.fromkeys(name for entity in of_part.get(part, []) for name in entity.regions)
            ),
        )
        for number, part in enumerate((at for at, part in enumerate(parts) if part.step), start=1)
    ]


def _trace(
    steps: Sequence[StepFound], entities: Sequence[EntityFound], clusters: Sequence[ClusterFound]
) -> list[TraceFound]:
    """The things that two or more steps name, each with its mentions in the order of the steps."""
    step_of = {entity: step.step for step in steps for entity in step.entities}
    by_id = {entity.id: entity for entity in entities}
    found = []
    for cluster in clusters:
        mentions = [
            TracedMention(step=step_of[entity], entity=entity, regions=by_id[entity].regions)
            for entity in cluster.entities
            if entity in step_of
        ]
        if len({mention.step for mention in mentions}) > 1:
            found.append(
                TraceFound(cluster=cluster.id, name=cluster.name, type=cluster.type, steps=mentions)
            )
    return found


def _moved_id(name: str, by: int) -> str:
    return Region(int(name[1:]) + by).name


def _moved_entity(entity: EntityFound, first: int, place: Place) -> EntityFound:
    return placed(entity, place).model_copy(update={"id": entity.id + first})


def _moved_relation(relation: RelationFound, first: int) -> RelationFound:
    return relation.model_copy(
        update={"head": relation.head + first, "tail": relation.tail + first}
    )


def _moved_event(event: EventFound, first: int, place: Place) -> EventFound:
    arguments = [_moved_argument(a, first, place.regions) for a in event.arguments]
    return event.model_copy(update={"part": place.part, "arguments": arguments})


def _moved_argument(argument: ArgumentFound, first: int, by: int) -> ArgumentFound:
    return argument.model_copy(
        update={
            "entity": None if argument.entity is None else argument.entity + first,
            "region": None if argument.region is None else _moved_id(argument.region, by),
            "regions": _moved_ids(argument.regions, by),
        }
    )
