"""What a target string says, as values.

Every task of the field is a set of records: a *spot* (a typed span, a head, or a bare type) with
its *asocs* (roles filled by spans or regions), after the published grammar.

    entity            Record("person", Span("Kyrie", 0, 5))
    grounded entity   Record("person", Span(...), (Asoc("region", Region(3)),))
    relation          Record(None, Span(head), (Asoc("couple", Span(tail)),))
    event trigger     Record("attack", Span("airstrike", ...))
    event arguments   Record("attack", None, (Asoc("target", Region(1)), ...))
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Span:
    """A mention. `text == source[start:end]`, half-open, in Unicode code points.

    `start` and `end` are None where an unconstrained model named something that the text does not
    contain.
    """

    text: str
    start: int | None
    end: int | None

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Span:
        """The span of `text` from `start` to `end`."""
        return cls(text[start:end], start, end)


@dataclass(frozen=True, slots=True)
class Region:
    """The k-th region of the image, written `Ok`; `index` counts from 1 to 36."""

    index: int

    @property
    def name(self) -> str:
        """The word that stands for the region in targets and answers."""
        return f"O{self.index}"


@dataclass(frozen=True, slots=True)
class Asoc:
    """A role and what fills it. `score` is the product of its tokens' admitted probabilities."""

    label: str
    filler: Span | Region
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Record:
    """A spot with its asocs. `score` covers the spot alone, every asoc carries its own."""

    label: str | None
    span: Span | None
    asocs: tuple[Asoc, ...] = ()
    score: float = 1.0

    def unscored(self) -> Record:
        """The same record with every score at 1, for comparison."""
        return replace(self, score=1.0, asocs=tuple(replace(a, score=1.0) for a in self.asocs))
