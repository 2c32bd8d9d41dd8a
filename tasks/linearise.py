"""Records to target strings and back, as the published files write them (`tasks.target` has the ids)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.form import Opening
from tasks.records import Asoc, Record, Region, Span

OPEN, CLOSE, COLON = "<extra_id_0>", "<extra_id_1>", "<extra_id_5>"
_TOKENS = re.compile(f"({OPEN}|{CLOSE}|{COLON})")


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

    Spans take the offsets of their first occurrence in `text` that no earlier record of the same label
    has taken, null offsets where there is none. "O3" as a filler reads as a region.
    """
    words = [word.strip() for word in _TOKENS.split(target)]
    stream = iter([word for word in words if word])
    _expect(next(stream, ""), OPEN)
    aligner = _Aligner(text)
    records: list[Record] = []
    while (word := next(stream, "")) == OPEN:
        records.append(_read_item(stream, opening, aligner))
    _expect(word, CLOSE)
    return tuple(records)


def _read_item(stream: Iterator[str], opening: Opening, aligner: _Aligner) -> Record:
    first = next(stream, "")
    word = next(stream, "")
    if opening is Opening.TYPED:
        _expect(word, COLON)
        mention = next(stream, "")
        label, span = first, aligner.align(mention, first)
        word = next(stream, "")
    elif opening is Opening.HEAD:
        label, span = None, aligner.align(first, "")
    else:
        label, span = first, None
    asocs: list[Asoc] = []
    while word == OPEN:
        role = next(stream, "")
        _expect(next(stream, ""), COLON)
        asocs.append(Asoc(role, _filler(next(stream, ""), role, aligner)))
        _expect(next(stream, ""), CLOSE)
        word = next(stream, "")
    _expect(word, CLOSE)
    return Record(label, span, tuple(asocs))


def _filler(text: str, role: str, aligner: _Aligner) -> Span | Region:
    match = re.fullmatch(r"O([1-9]|[12]\d|3[0-6])", text)
    return Region(int(match[1])) if match else aligner.align(text, f"role {role}")


def _expect(word: str, wanted: str) -> None:
    if word != wanted:
        raise ValueError(f"the target has {word!r} where {wanted} should be")


class _Aligner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._taken: set[tuple[str, int]] = set()

    def align(self, mention: str, label: str) -> Span:
        if not mention or mention in (OPEN, CLOSE, COLON):
            raise ValueError("the target has a marker or its end where a span should be")
        at = self._text.find(mention)
        while at >= 0 and (label, at) in self._taken:
            at = self._text.find(mention, at + 1)
        if at < 0:
            at = self._text.find(mention)
        if at < 0:
            return Span(mention, None, None)
        self._taken.add((label, at))
        return Span(mention, at, at + len(mention))
