"""Records to target strings and back, as the published files write them.

`tasks.target` spells targets in ids. The published files also leave items out, as `linearise` does
not: those labelled "none" or like their own span that have no asocs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.aligner import Aligner
from tasks.form import Opening
from tasks.records import Asoc, Record, Region, Span

OPEN, CLOSE, COLON = "<extra_id_0>", "<extra_id_1>", "<extra_id_5>"
_MARKERS = re.compile(f"({OPEN}|{CLOSE}|{COLON})")
_REGION = re.compile(r"O([1-9]|[12]\d|3[0-6])")


def linearise(records: Sequence[Record]) -> str:
    """The target string of `records`, tokens joined by single spaces (reference section 7)."""
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
    """The records of a well-formed target string; ValueError if it is not one.

    A span takes the offsets of its first occurrence in `text` that no earlier span of the same
    label or role has taken, whole words before parts of words; null offsets where there is none.
    "O3" as a filler reads as a region.
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
    """The region that "O3" names; None for other words."""
    match = _REGION.fullmatch(text)
    return Region(int(match[1])) if match else None


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
