"""Reader of CASIE: news of computer security with events. Source: Satyapanich et al. (2020).

One JSON file per article, named after its number. There is no official split: numbers that end in 8
are the dev set, those that end in 9 the test set. Documents are sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.document import Argument, Document, Event
from tasks.errors import DataError
from tasks.ontology import EventType, Ontology, load
from training.corpora.files import json_of
from training.corpora.labels import argument_word
from training.corpora.sentences import split_sentences

CORPUS = ONTOLOGY = "casie"
_SPLIT_OF = {8: "dev", 9: "test"}
_FOOT = "</text>"
_FARTHEST = 16
"""Maximum distance, in code points, of a span from its offsets: some articles are shifted."""


def read(folder: Path, split: str) -> list[Document]:
    """All sentences of a split's articles, including those without events; raises `DataError`.

    An event belongs to the sentence of its trigger and keeps the arguments inside it.
    """
    paths = sorted((folder / "annotation").glob("*.json"), key=_number)
    if not paths:
        raise DataError(f"{folder / 'annotation'} has no articles")
    documents: list[Document] = []
    for path in paths:
        if _SPLIT_OF.get(_number(path) % 10, "train") == split:
            try:
                documents += _sentences(json_of(path), split)
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}: {type(error).__name__}: {error}") from error
    return documents


def _number(path: Path) -> int:
    if not path.stem.isdecimal():
        raise DataError(f"{path} is not named after an article's number")
    return int(path.stem)


def _sentences(article: Mapping[str, Any], split: str) -> Iterator[Document]:
    text = article["content"].removesuffix(_FOOT)
    events = _events(article, text, load(ONTOLOGY))
    spans: list[Event | Argument] = [*events]
    for event in events:
        spans += event.arguments
    for start, end in split_sentences(text, [(s.start, s.end) for s in spans]):
        squeezed = _Squeezed.of(text, start, end)
        yield Document(
            text=squeezed.text,
            corpus=CORPUS,
            split=split,
            ontology=ONTOLOGY,
            events=tuple(squeezed.event(event) for event in events if start <= event.start < end),
        )


def _events(article: Mapping[str, Any], text: str, ontology: Ontology) -> list[Event]:
    events = [
        _event(row, text, ontology.event(ontology.event_of[row["subtype"]]))
        for hopper in article["cyberevent"]["hopper"]
        for row in hopper["events"]
    ]
    return sorted(dict.fromkeys(events), key=lambda event: (event.start, event.end))


def _event(row: Mapping[str, Any], text: str, event: EventType) -> Event:
    arguments = [
        Argument(argument_word(a["role"]["type"], event), *_located(a, text))
        for a in row.get("argument", ())
    ]
    arguments.sort(key=lambda argument: (argument.start, argument.end))
    return Event(event.name, *_located(row["nugget"], text), tuple(dict.fromkeys(arguments)))


def _located(row: Mapping[str, Any], text: str) -> tuple[int, int]:
    mention = str(row["text"])
    start = _place(int(row["startOffset"]), mention, text)
    # Some articles are truncated before their last span.
    piece = text[start : start + len(mention)].rstrip()
    return start, start + len(piece)


def _place(start: int, mention: str, text: str) -> int:
    near = sorted(
        range(max(0, start - _FARTHEST), start + _FARTHEST + 1), key=lambda p: abs(p - start)
    )
    for place in near:
        piece = text[place : place + len(mention)]
        if piece and piece == mention[: len(text) - place]:
            return place
    raise ValueError(f"{mention!r} is not at offset {start}")


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A sentence with every run of white space as one space."""

    text: str
    start: int
    end: int
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str, start: int, end: int) -> _Squeezed:
        letters: list[str] = []
        places: list[int] = []
        for letter in text[start:end]:
            places.append(len(letters))
            if not letter.isspace():
                letters.append(letter)
            elif letters[-1] != " ":
                letters.append(" ")
            else:
                places[-1] -= 1
        return cls("".join(letters), start, end, (*places, len(letters)))

    def event(self, event: Event) -> Event:
        return Event(
            event.type,
            *self._span(event.start, event.end),
            tuple(
                Argument(a.role, *self._span(a.start, a.end))
                for a in event.arguments
                if self.start <= a.start and a.end <= self.end
            ),
        )

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return self.places[start - self.start], self.places[end - self.start]
