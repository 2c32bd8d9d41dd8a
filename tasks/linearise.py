"""Converts records to target strings and back, in the format of the published files.

`tasks.target` makes targets of symbols. Unlike `linearise`, the published files also leave out
items without asocs whose label is "none" or equals their span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.aligner import Aligner
from tasks.form import Opening
from tasks.records import MAX_REGIONS, Asoc, Record, Region, Span

OPEN, CLOSE, COLON = "<extra_id_0>", "<extra_id_1>", "<extra_id_5>"
_MARKERS = re.compile(f"({OPEN}|{CLOSE}|{COLON})")
_REGIONS = {f"O{k}": Region(k) for k in range(1, MAX_REGIONS + 1)}


def linearise(records: Sequence[Record]) -> str:
    """Return the target string of records, joined by single spaces (reference section 7)."""
    return f"{OPEN} {' '.join(_item(record) for record in records)} {CLOSE}"


def _item(record: Record) -> str:
    words = [OPEN]
    words += [record.label] if record.label is not None else []
    words += [COLON] if record.label is not None and record.span is not None else []
    words += [record.span.text] if record.span is not None else []
    for asoc in record.asocs:
        filler = asoc.filler.name if isinstance(asoc.filler, Region) else asoc.filler.text
        words += [OPEN, asoc.label, COLON, filler, CLOSE]
    return " ".join([*words, CLOSE])


def parse(target: str, text: str, opening: Opening) -> tuple[Record, ...]:
    """Parse a well-formed target string.

    Args:
        target: the string; "O3" as a filler is a region.
        text: the text in which the spans get their offsets, see `Aligner`.
        opening: the opening of the items.

    Raises:
        ValueError: the string is malformed.
    """
    words = [word.strip() for word in _MARKERS.split(target)]
    stream = iter([word for word in words if word])
    _expect(stream, OPEN)
    aligner = Aligner(text)
    records: list[Record] = []
    while (word := next(stream, "")) == OPEN:
        records.append(_read_item(stream, opening, aligner))
    _check(word, CLOSE)
    _check(next(stream, ""), "")
    return tuple(records)


def _read_item(stream: Iterator[str], opening: Opening, aligner: Aligner) -> Record:
    label, span = None, None
    if opening is not Opening.HEAD:
        label = _phrase(stream)
    if opening is Opening.TYPED:
        _expect(stream, COLON)
    if opening is not Opening.BARE:
        span = aligner.align(_phrase(stream), label or "")
    asocs: list[Asoc] = []
    while (word := next(stream, "")) == OPEN:
        role = _phrase(stream)
        _expect(stream, COLON)
        asocs.append(Asoc(role, _filler(_phrase(stream), role, aligner)))
        _expect(stream, CLOSE)
    _check(word, CLOSE)
    return Record(label, span, tuple(asocs))


def region_named(text: str) -> Region | None:
    """Return the region of a name such as "O3"; None for other words."""
    return _REGIONS.get(text)


def _filler(text: str, role: str, aligner: Aligner) -> Span | Region:
    return region_named(text) or aligner.align(text, f"role {role}")


def _phrase(stream: Iterator[str]) -> str:
    word = next(stream, "")
    if not word or _MARKERS.fullmatch(word):
        raise ValueError(f"the target has {word!r} where a label or a span should be")
    return word


def _expect(stream: Iterator[str], wanted: str) -> None:
    _check(next(stream, ""), wanted)


def _check(word: str, wanted: str) -> None:
    if word != wanted:
        raise ValueError(f"the target has {word!r} where {wanted or 'its end'} should be")
