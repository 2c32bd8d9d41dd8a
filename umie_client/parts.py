"""The parts of a request: as they are sent, and what an answer says of one of them."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schema.extraction import EventFound, Extraction, ImageSize
from umie_client.errors import InvalidArgument
from umie_client.pictures import Kept, data_of, kept

_FIELDS = frozenset({"text", "image", "kind"})


@dataclass(frozen=True, slots=True)
class SentPart:
    """A part as it is sent."""

    text: str
    picture: Kept | None = None
    kind: str | None = None

    def body(self) -> dict[str, Any]:
        """The part as JSON; raises `ImageUnreadable`."""
        fields: dict[str, Any] = {"text": self.text} if self.text else {}
        if self.picture is not None:
            fields["image"] = base64.b64encode(data_of(self.picture)).decode("ascii")
        if self.kind is not None:
            fields["kind"] = self.kind
        return fields


def sent_parts(parts: Sequence[Mapping[str, Any]]) -> tuple[SentPart, ...]:
    """Convert the argument `parts`; raises `InvalidArgument`."""
    return tuple(_sent_part(at, part) for at, part in enumerate(parts))


def part_of(extraction: Extraction, index: int) -> dict[str, Any]:
    """What an answer to several parts says of one of them, as the fields of an answer to it.

    Ids are those of the whole answer. A region of another part's picture is left out.
    """
    entities = [entity for entity in extraction.entities if entity.part == index]
    ids = {entity.id for entity in entities}
    regions = [region for region in extraction.regions if region.part == index]
    names = {region.id for region in regions}
    clusters = [
        cluster.model_copy(update={"entities": [at for at in cluster.entities if at in ids]})
        for cluster in extraction.clusters
        if not ids.isdisjoint(cluster.entities)
    ]
    sizes = [
        ImageSize(width=image.width, height=image.height)
        for image in extraction.images or ()
        if image.part == index
    ]
    return {
        "image": sizes[0] if sizes else None,
        "regions": regions,
        "entities": [
            entity.model_copy(update={"regions": [at for at in entity.regions if at in names]})
            for entity in entities
        ],
        "clusters": clusters,
        "relations": [relation for relation in extraction.relations if relation.head in ids],
        "events": [_with_own(event, names) for event in extraction.events if event.part == index],
        "images": None,
        "steps": None,
        "trace": None,
    }


def _with_own(event: EventFound, names: Collection[str]) -> EventFound:
    """The event with the regions of these names alone."""
    arguments = [
        argument.model_copy(update={"regions": [at for at in argument.regions if at in names]})
        for argument in event.arguments
        if argument.region is None or argument.region in names
    ]
    return event.model_copy(update={"arguments": arguments})


def _sent_part(at: int, part: Mapping[str, Any]) -> SentPart:
    if not isinstance(part, Mapping) or part.keys() - _FIELDS:
        raise InvalidArgument(f"part {at} must be a mapping of {', '.join(sorted(_FIELDS))}")
    text, image, kind = part.get("text"), part.get("image"), part.get("kind")
    if text is not None and not isinstance(text, str):
        raise InvalidArgument(f"the text of part {at} must be a str, not {type(text).__name__}")
    return SentPart(text or "", None if image is None else kept(image), kind)
