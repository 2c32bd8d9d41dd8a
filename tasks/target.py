"""Training targets: the symbols of an automaton that spell given records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.automaton import Automaton, PieceRange, Symbol
from tasks.context import PLAIN, Context
from tasks.form import Filler, Opening
from tasks.records import Record, Region, Span


class Step(NamedTuple):
    """One step of a target: the admitted symbols, the index of the target's, the context."""

    admitted: list[Symbol]
    chosen: int
    context: Context = PLAIN


class _Link(NamedTuple):
    role: int
    pieces: PieceRange | None
    region: int


class _Item(NamedTuple):
    spot: int
    pieces: PieceRange | None
    links: tuple[_Link, ...]


def target_of(automaton: Automaton, records: Sequence[Record]) -> list[Symbol]:
    """Return the symbols of records, sorted as an ordered automaton requires.

    Records that the automaton does not admit are left out, since it could not generate them at
    inference either: a span inside a word, of punctuation only or with a line break; a label
    outside the schema; a filler that the form does not have; asocs behind the first where the form
    has one; a span that overlaps an earlier one, if the automaton is ordered.

    Args:
        automaton: the automaton of the prompt.
        records: the records.

    Raises:
        ValueError: a pair has no relation, or a given mention no label, of the schema.
    """
    if automaton.span_first:
        return _span_first(automaton, records)
    markers = automaton.markers
    opened, closed, colon = Symbol(markers.open), Symbol(markers.close), Symbol(markers.colon)
    symbols = [opened]
    for item in _items(automaton, records):
        symbols.append(opened)
        if item.spot >= 0:
            symbols += automaton.spots[item.spot]
        if item.spot >= 0 and item.pieces is not None:
            symbols.append(colon)
        if item.pieces is not None:
            symbols += automaton.copy(item.pieces)
        for link in item.links:
            filler = _filler(automaton, link)
            symbols += [opened, *automaton.roles[link.role], colon, *filler, closed]
        symbols.append(closed)
    return [*symbols, closed, Symbol(markers.eos)]


def _span_first(automaton: Automaton, records: Sequence[Record]) -> list[Symbol]:
    markers = automaton.markers
    colon, closed = Symbol(markers.colon), Symbol(markers.close)
    symbols = [Symbol(markers.open)]
    opening = automaton.form.opening
    for item in _items(automaton, records):
        if item.pieces is not None:
            symbols += automaton.copy(item.pieces)
        if opening in (Opening.TYPED, Opening.GIVEN):
            symbols.append(colon)
        if item.spot >= 0:
            symbols += automaton.spots[item.spot]
        for link in item.links:
            role = automaton.roles[link.role]
            if automaton.tail is not None:
                symbols += [*role, *automaton.copy(automaton.tail)]
                continue
            symbols += [*_filler(automaton, link), colon, *role]
        symbols.append(closed)
    ending = [] if automaton.form.single else [closed]
    return [*symbols, *ending, Symbol(markers.eos)]


def trace(automaton: Automaton, symbols: Sequence[Symbol]) -> list[Step]:
    """Return the steps of a target.

    Raises:
        ValueError: the automaton does not admit a symbol.
    """
    state, steps = automaton.start(), []
    for symbol in symbols:
        admitted = automaton.admitted(state)
        if symbol not in admitted:
            raise ValueError(f"{symbol} is not admitted in phase {state.phase.name}")
        steps.append(Step(admitted, admitted.index(symbol), automaton.context(state)))
        state = automaton.advance(state, symbol)
    return steps


def _filler(automaton: Automaton, link: _Link) -> Sequence[Symbol]:
    """The symbols of an asoc's region or span."""
    if link.pieces is None:
        return automaton.regions[link.region]
    return automaton.copy(link.pieces)


def _items(automaton: Automaton, records: Sequence[Record]) -> list[_Item]:
    if automaton.form.single:
        return [_single(automaton, records[0] if records else None)]
    spots = {label.name: i for i, label in enumerate(automaton.source.spots)}
    items: dict[tuple[int, int], _Item] = {}
    for record in records:
        pieces = _locate(automaton, record.span)
        spot = spots.get(record.label or "")
        if spot is None or pieces is None:
            continue
        item = _Item(spot, pieces, _links(automaton, record))
        items.setdefault((pieces[0], spot), item)
    found = [items[key] for key in sorted(items)]
    return _without_overlap(found) if automaton.ordered else found


def _without_overlap(items: Sequence[_Item]) -> list[_Item]:
    """Sorted items without those that overlap an earlier one."""
    kept: list[_Item] = []
    for item in items:
        last = kept[-1].pieces if kept else None
        if last is None or (item.pieces is not None and item.pieces[0] >= last[1]):
            kept.append(item)
    return kept


def _single(automaton: Automaton, record: Record | None) -> _Item:
    links = _links(automaton, record) if record is not None else ()
    if automaton.form.opening is Opening.GIVEN:
        names = [label.name for label in automaton.source.spots]
        if record is None or record.label not in names:
            raise ValueError("the target of a given mention names a label of the schema")
        return _Item(names.index(record.label), automaton.head, links)
    if automaton.form.opening is not Opening.HEAD:
        return _Item(0, None, links)
    if not links:
        raise ValueError("a pair's target names a relation of the schema, none included")
    return _Item(-1, automaton.head, links)


def _links(automaton: Automaton, record: Record) -> tuple[_Link, ...]:
    roles = {label.name: i for i, label in enumerate(automaton.source.asocs)}
    fillers = automaton.form.fillers
    links: dict[tuple[int, int, int], _Link] = {}
    for asoc in record.asocs:
        role = roles.get(asoc.label)
        if role is None:
            continue
        if isinstance(asoc.filler, Region):
            if Filler.REGION in fillers and asoc.filler.index in automaton.regions:
                key = (1, asoc.filler.index, role)
                links.setdefault(key, _Link(role, None, asoc.filler.index))
            continue
        pieces = automaton.tail
        if Filler.SPAN in fillers:
            pieces = _locate(automaton, asoc.filler)
        if pieces is not None:
            links.setdefault((0, pieces[0], role), _Link(role, pieces, 0))
    found = tuple(links[key] for key in sorted(links))
    if automaton.span_first:
        fillers_once = {(link.pieces and link.pieces[0], link.region): link for link in found[::-1]}
        found = tuple(link for link in found if link in fillers_once.values())
    return found[:1] if automaton.form.one_asoc else found


def _locate(automaton: Automaton, span: Span | None) -> PieceRange | None:
    if span is None or span.start is None or span.end is None:
        return None
    pieces = automaton.source.locate(span.start, span.end)
    return pieces if pieces is not None and automaton.admits(pieces) else None
