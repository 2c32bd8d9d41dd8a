"""Constrained decoding: an automaton that returns the admitted next symbols at every step.

`tasks.label_first` and `tasks.span_first` define one grammar each. Labels and roles come from the
schema of the prompt; spans are contiguous pieces of its text with a letter or a digit among them;
regions are those of the image. A symbol contains the position that it copies, so a sequence of
symbols has one reading only. `tasks.frontier` runs the same automaton over bare token ids.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from math import exp

from tasks.context import PLAIN, Context
from tasks.form import Filler, Form, Opening
from tasks.records import MAX_REGIONS, Asoc, Record, Region
from tasks.source import Label, Source
from tasks.source_spans import PieceRange, SourceSpans
from tasks.state import Item, State, Symbol
from tasks.tokenizer import Markers

__all__ = ["Automaton", "PieceRange", "State", "Symbol"]


class Automaton(ABC):
    """The answers that a grammar admits to one prompt.

    Args:
        source: the encoded prompt.
        form: the form of the answer.
        markers: the ids of the sentinels.
        regions: numbers of the regions that an answer may name, from 1.
        head: half-open range of the source's pieces: the head of a pair, the given mention, or the
            trigger of a bare item.
        tail: the range of a pair's tail.
        ordered: whether items follow the order of the text and do not overlap, which limits the
            length of an answer. Weights trained elsewhere need not follow that order.

    Attributes:
        spots: the symbols of each label.
        roles: the symbols of each role.
        regions: the symbols of each region, by number.

    Raises:
        ValueError: form and arguments do not go together.
    """

    span_first = False

    def __init__(
        self,
        source: Source,
        form: Form,
        markers: Markers,
        *,
        regions: Sequence[int] = (),
        head: PieceRange | None = None,
        tail: PieceRange | None = None,
        ordered: bool = True,
    ) -> None:
        self.source, self.form, self.markers, self.ordered = source, form, markers, ordered
        self._open, self._close = Symbol(markers.open), Symbol(markers.close)
        self._colon = Symbol(markers.colon)
        self._spans = SourceSpans(source)
        self.spots = [self._spell(label) for label in source.spots]
        self.roles = [self._spell(label) for label in source.asocs]
        self.regions = {k: [Symbol(t, -1, k) for t in _region(markers, k)] for k in sorted(regions)}
        self.head, self.tail = head, tail
        self._spans_fill = Filler.SPAN in form.fillers
        self._regions_fill = Filler.REGION in form.fillers and bool(self.regions)
        self._check()

    def _check(self) -> None:
        opening = self.form.opening
        pair = opening is Opening.HEAD
        if pair != (self.tail is not None) or (pair and self.head is None):
            raise ValueError("the pair form, and no other, takes a head and a tail")
        if opening is Opening.GIVEN and (self.head is None or not self.spots):
            raise ValueError("a given mention needs its pieces and a label to choose")
        if opening is Opening.TYPED and self.head is not None:
            raise ValueError("typed items have no head")
        if opening is Opening.GIVEN and not self.span_first:
            raise ValueError("only the span-first order answers about given mentions")
        if pair and not self.roles:
            raise ValueError("a pair needs a relation to choose")
        if self.form.opening is Opening.BARE and not self.spots:
            raise ValueError("a bare item needs a label")

    @abstractmethod
    def start(self) -> State:
        """Return the state before the first symbol."""

    def admitted(self, state: State) -> list[Symbol]:
        """Return the admitted next symbols, in a fixed order; none if the answer is complete."""
        if state.forced:
            return [state.forced[0]]
        return list(self._choices(state))

    def advance(self, state: State, symbol: Symbol, logp: float = 0.0) -> State:
        """Return the next state.

        Args:
            state: the current state.
            symbol: one of the symbols that it admits.
            logp: the log-probability with which the symbol was chosen.
        """
        if state.forced:
            return state.after_forced(logp)
        return self._move(state, symbol, logp)

    def context(self, state: State) -> Context:
        """Return the context of the next choice; `PLAIN` if the grammar does not use contexts."""
        return PLAIN

    def records(self, state: State) -> tuple[Record, ...]:
        """Return the records of the finished items."""
        return tuple(self._record(item) for item in state.items)

    def admits(self, pieces: PieceRange) -> bool:
        """Whether a range of pieces with admissible ends may be a span."""
        return self._spans.admits(*pieces)

    def copy(self, pieces: PieceRange) -> tuple[Symbol, ...]:
        """Return the symbols that copy a range of pieces."""
        return self._spans.copy(pieces)

    @abstractmethod
    def _choices(self, state: State) -> Iterator[Symbol]:
        """The admitted symbols of a state without forced symbols."""

    @abstractmethod
    def _move(self, state: State, symbol: Symbol, logp: float) -> State:
        """The next state of a state without forced symbols."""

    def _first_start(self, state: State) -> int:
        """The first piece with which the next item's span may start."""
        return state.items[-1].stop if self.ordered and state.items else 0

    def _spell(self, label: Label) -> list[Symbol]:
        return [Symbol(self.source.ids[p], p) for p in range(label.start, label.stop)]

    def _record(self, item: Item) -> Record:
        label = self.source.spots[item.spot].name if item.spot >= 0 else None
        named = item.first >= 0 and self.form.opening is not Opening.BARE
        span = self._spans.span(item.first, item.stop) if named else None
        asocs = tuple(
            Asoc(
                self.source.asocs[link.role].name,
                Region(link.region) if link.region else self._spans.span(link.first, link.stop),
                exp(link.logp),
            )
            for link in item.links
        )
        return Record(label, span, asocs, exp(item.logp))


def _region(markers: Markers, number: int) -> tuple[int, ...]:
    if not 1 <= number <= MAX_REGIONS:
        raise ValueError(f"there is no region O{number}: regions are O1 to O{MAX_REGIONS}")
    return markers.regions[number - 1]


def index_of(labels: Sequence[Label], position: int) -> int:
    """Return the index of the label at a source position.

    Raises:
        ValueError: no label starts there.
    """
    for index, label in enumerate(labels):
        if label.start == position:
            return index
    raise ValueError(f"no label starts at position {position}")
