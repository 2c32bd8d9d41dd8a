"""Records: the content of an answer.

Every task's answer is a list of records. A record is a *spot* (a typed span, a head, or a bare
type) with its *asocs* (roles that point to spans or regions); the terms are those of the published
grammar.

    entity            Record("person", Span("Kyrie", 0, 5))
    grounded entity   Record("person", Span(...), (Asoc("region", Region(3)),))
    relation          Record(None, Span(head), (Asoc("couple", Span(tail)),))
    event trigger     Record("attack", Span("airstrike", ...))
    event arguments   Record("attack", None, (Asoc("target", Region(1)), ...))
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MAX_REGIONS = 36
"""The most regions of an image: O1 to O36."""


@dataclass(frozen=True, slots=True)
class Span:
    """A mention: `text == source[start:end]`, half-open, in Unicode code points.

    `start` and `end` are None where unconstrained decoding generated a mention that the text does
    not contain.
    """

    text: str
    start: int | None
    end: int | None

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Span:
        """Return the span of `text` from `start` to `end`."""
        return cls(text[start:end], start, end)


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the image, written `Ok`; `index` k is from 1 to `MAX_REGIONS`."""

    index: int

    @property
    def name(self) -> str:
        """The name of the region in targets and answers, such as "O3"."""
        return f"O{self.index}"


@dataclass(frozen=True, slots=True)
class Asoc:
    """A role and the span or region that fills it.

    `score` is the product of the probabilities of its tokens among the admitted ones.
    """

    label: str
    filler: Span | Region
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Alternative:
    """A label that was not chosen; `score` is its probability in the decision for a label."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Record:
    """A spot with its asocs. `score` is that of the spot; every asoc has its own.

    `alternatives` are the next likely labels, where they were asked for.
    """

    label: str | None
    span: Span | None
    asocs: tuple[Asoc, ...] = ()
    score: float = 1.0
    alternatives: tuple[Alternative, ...] = ()

    def unscored(self) -> Record:
        """Return the record with every score 1.0 and no alternatives, for comparison."""
        asocs = tuple(replace(asoc, score=1.0) for asoc in self.asocs)
        return replace(self, score=1.0, asocs=asocs, alternatives=())
