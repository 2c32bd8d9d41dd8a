"""Splits long texts into windows that fit a prompt, with offsets relative to the window."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tasks.document import Argument, Document, Event, Mention, Relation
from training.corpora.sentences import split_sentences

WORDS = 180
"""Maximum number of words per window, unless a span is longer."""
_WORD = re.compile(r"\S+")

Span = tuple[int, int]


def windows(text: str, spans: Iterable[Span], words: int = WORDS) -> list[Span]:
    """Offsets of runs of sentences of `text` with at most `words` words each; no span is split.

    A sentence that is too long is split between words.
    """
    whole = sorted(spans)
    found: list[Span] = []
    room = 0
    for start, end in split_sentences(text, whole):
        for left, right in _pieces(text, start, end, whole, words):
            count = len(_WORD.findall(text, left, right))
            if found and count <= room:
                found[-1] = (found[-1][0], right)
                room -= count
            else:
                found.append((left, right))
                room = words - count
    return found


def cut(document: Document, words: int = WORDS) -> Iterator[Document]:
    """The windows of `document`.

    A relation is kept if both mentions are in one window; an event belongs to the window of its
    trigger and keeps the arguments inside it.
    """
    if document.text == document.text.strip() and len(document.text.split()) <= words:
        yield document
        return
    events = document.events or ()
    marked: list[Mention | Event | Argument] = [
        *document.mentions,
        *events,
        *(a for e in events for a in e.arguments),
    ]
    spans = [(span.start, span.end) for span in marked]
    for start, end in windows(document.text, spans, words):
        yield _window(document, start, end)


def _pieces(text: str, start: int, end: int, whole: list[Span], words: int) -> Iterator[Span]:
    """The parts of a sentence with at most `words` words each."""
    count = 0
    last: int | None = None
    begin = start
    for match in _WORD.finditer(text, start, end):
        free = count > words // 2 and not any(a < match.start() < b for a, b in whole)
        if count >= words and (last is not None or free):
            stop = match.start() if free else last
            assert stop is not None
            yield begin, begin + len(text[begin:stop].rstrip())
            begin, count, last = stop, len(_WORD.findall(text, stop, match.start())), None
        elif free:
            last = match.start()
        count += 1
    yield begin, end


def _window(document: Document, start: int, end: int) -> Document:
    kept: dict[int, int] = {}
    for index, mention in enumerate(document.mentions):
        if start <= mention.start and mention.end <= end:
            kept[index] = len(kept)
    mentions = tuple(_moved(document.mentions[index], start) for index in kept)
    relations = document.relations
    if relations is not None:
        relations = tuple(
            Relation(r.type, kept[r.head], kept[r.tail])
            for r in relations
            if r.head in kept and r.tail in kept
        )
    events = document.events
    if events is not None:
        events = tuple(_event(e, start, end) for e in events if start <= e.start and e.end <= end)
    return replace(
        document,
        text=document.text[start:end],
        entities=None if document.entities is None else mentions,
        pair_mentions=mentions if document.entities is None else (),
        relations=relations,
        events=events,
    )


def _moved(mention: Mention, start: int) -> Mention:
    return replace(mention, start=mention.start - start, end=mention.end - start)


def _event(event: Event, start: int, end: int) -> Event:
    arguments = tuple(
        Argument(a.role, a.start - start, a.end - start)
        for a in event.arguments
        if start <= a.start and a.end <= end
    )
    return Event(event.type, event.start - start, event.end - start, arguments)
