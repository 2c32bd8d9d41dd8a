"""A text as segments with marked entities, and its conversion to an example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tasks import form, instruction
from tasks.document import Document
from tasks.records import Asoc, Record, Region, Span
from training.text.example import Example, ExamplePicture
from training.text.kinds import coarse_types


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text; `kind` is None between entities.

    `regions` are the entity's region numbers, best first. `key` identifies an entity.
    """

    text: str
    kind: str | None = None
    regions: tuple[int, ...] = ()
    key: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """Segments in order.

    `annotated` are the coarse types with complete annotations. `fine` means that entities have fine
    types, so that labels of fine-grained inventories can be listed.
    """

    segments: tuple[Segment, ...]
    annotated: frozenset[str] = frozenset(coarse_types())
    fine: bool = True

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(s.text for s in self.segments)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The distinct kinds of the entities, in text order."""
        return tuple(dict.fromkeys(s.kind for s in self.segments if s.kind is not None))

    def mapped(self, change: Callable[[Segment], Segment]) -> Passage:
        """The passage with every segment changed."""
        return replace(self, segments=tuple(change(s) for s in self.segments))

    def unseen(self) -> Passage:
        """A copy without regions, for a picture that shows none of the entities."""
        return self.mapped(lambda segment: replace(segment, regions=()))


def passage_of(document: Document, *, annotated: Sequence[str], fine: bool) -> Passage:
    """A document's text with its mentions marked by type; `key` is the mention's index.

    Mentions that overlap an earlier one are left out.
    """
    segments: list[Segment] = []
    at = 0
    mentions = sorted(enumerate(document.entities or ()), key=lambda pair: pair[1].start)
    for key, mention in mentions:
        if mention.start < at:
            continue
        segments.append(Segment(document.text[at : mention.start]))
        segments.append(Segment(document.text[mention.start : mention.end], mention.type, key=key))
        at = mention.end
    segments.append(Segment(document.text[at:]))
    kept = tuple(segment for segment in segments if segment.text)
    return Passage(kept, frozenset(annotated), fine)


def grounded(
    passage: Passage, picture: ExamplePicture, words: dict[str, str], spots: Sequence[str]
) -> Example:
    """An example that asks for the entities of a passage with a picture.

    Args:
        passage: the text; its regions are indices of the picture's regions.
        picture: the picture; it counts as matched if a requested entity has a region.
        words: the listed label of every requested kind; other kinds have no records.
        spots: the labels in listed order.
    """
    text = passage.text
    records: list[Record] = []
    alike: dict[int, frozenset[int]] = {}
    at = 0
    for segment in passage.segments:
        start, at = at, at + len(segment.text)
        word = words.get(segment.kind) if segment.kind is not None else None
        if word is None:
            continue
        asocs = tuple(Asoc(form.REGION_ROLE, Region(k)) for k in segment.regions[:1])
        records.append(Record(word, Span.of(text, start, at), asocs))
        if segment.regions:
            best = segment.regions[0]
            alike[best] = alike.get(best, frozenset()).union(segment.regions)
    return Example(
        text=text,
        wording=instruction.ENTITIES,
        form=form.GROUNDED,
        records=tuple(records),
        spots=tuple(spots),
        asocs=(form.REGION_ROLE,),
        picture=replace(picture, matched=bool(alike)),
        alike=alike,
    )
