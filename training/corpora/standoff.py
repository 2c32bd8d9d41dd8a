"""Reader of open sets in brat's standoff format: a text and its annotations, one per line.

    T3	Material 12 19	BaTiO3
    E1	Operation:T7 Recipe_Target:T3
    R1	Property_Of Arg1:T5 Arg2:T3

Sources: LitBank (Bamman et al., 2019; Sims et al., 2019), Annotated Materials Syntheses (Mysore et
al., 2019), WNUT 2020 protocols (Tabassum et al., 2020).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.document import Argument, Document, Event, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import Ontology
from training.corpora.files import lines_of, text_of
from training.corpora.inventories import inventory, plain_word
from training.corpora.records import OpenRecord, split_of
from training.corpora.windows import cut


@dataclass
class _Annotations:
    """The annotations of one text, by identifier."""

    spans: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    events: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    relations: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, line: str, text: str, file: str) -> None:
        """Add a line; ValueError or KeyError if it is malformed.

        Identifiers are unique per `file` only.
        """
        kind = line[:1]
        if kind not in ("T", "E", "R"):
            return
        name, _, rest = line.partition("\t")
        name = f"{file}{name}"
        body = rest.partition("\t")[0]
        if kind == "T":
            self.spans[name] = _span(body, text)
        elif kind == "E":
            parts = [part.rpartition(":") for part in body.split()]
            self.events[name] = [(r.rstrip("0123456789"), f"{file}{t}") for r, _, t in parts]
        else:
            code, head, tail = body.split()
            ends = [f"{file}{end.partition(':')[2]}" for end in (head, tail)]
            self.relations.append((code, ends[0], ends[1]))

    def trigger(self, name: str) -> str:
        """The span of `name`, the identifier of a span or an event."""
        return self.events[name][0][1] if name in self.events else name


def _span(body: str, text: str) -> tuple[int, int, str]:
    """Start, end and code; a discontinuous span reaches from its first part to its last."""
    code, _, offsets = body.partition(" ")
    numbers = [int(number) for number in offsets.replace(";", " ").split()]
    start, end = min(numbers), max(numbers)
    piece = text[start:end]
    if not piece.strip() or end > len(text):
        raise ValueError(f"{start} to {end} is no span of {len(text)} characters")
    left = start + len(piece) - len(piece.lstrip())
    return left, left + len(piece.strip()), code


def _document(text: str, found: _Annotations, known: Ontology, corpus: str, split: str) -> Document:
    index: dict[str, int] = {}
    mentions: list[Mention] = []
    for name, (start, end, code) in sorted(found.spans.items(), key=lambda item: item[1]):
        if code in known.entity_of:
            index[name] = len(mentions)
            mentions.append(Mention(start, end, known.entity_of[code]))
        elif code not in known.event_of:
            raise ValueError(f"unknown type {code}")
    roles = {role for event in known.events for role in event.roles}
    # A protocol of the dev part has an argument as a relation.
    relations = [
        Relation(known.relation_of[code], index[found.trigger(head)], index[found.trigger(tail)])
        for code, head, tail in found.relations
        if head != tail and plain_word(code) not in roles
    ]
    return Document(
        text=text,
        corpus=corpus,
        split=split,
        ontology=known.name,
        entities=tuple(mentions),
        relations=tuple(dict.fromkeys(relations)) if known.relations else None,
        events=tuple(_events(found, known)),
    )


def _events(found: _Annotations, known: Ontology) -> list[Event]:
    events = []
    for (code, trigger), *roles in found.events.values():
        kind = known.event(known.event_of[code])
        arguments = []
        for role, target in roles:
            word = plain_word(role)
            if word not in kind.roles:
                raise ValueError(f"{kind.name} has no role {role}")
            arguments.append(Argument(word, *found.spans[found.trigger(target)][:2]))
        arguments.sort(key=lambda argument: (argument.start, argument.end))
        events.append(Event(kind.name, *found.spans[trigger][:2], tuple(dict.fromkeys(arguments))))
    if not found.events:
        events = [
            Event(known.event_of[code], start, end)
            for start, end, code in found.spans.values()
            if code in known.event_of
        ]
    return sorted(dict.fromkeys(events), key=lambda event: (event.start, event.end))


def _records(
    text_path: Path, annotations: Sequence[Path], corpus: str, split: str, *, wrapped: bool
) -> Iterator[OpenRecord]:
    """The windows of one text; `wrapped`: line ends are sentence ends."""
    known, text, found = inventory(corpus), text_of(text_path), _Annotations()
    for place, path in enumerate(annotations):
        for number, line in lines_of(path):
            try:
                found.add(line, text, f"{place}/")
            except (ValueError, KeyError) as error:
                raise DataError(f"{path}:{number}: {error}") from error
    try:
        document = _document(text, found, known, corpus, split)
    except (ValueError, KeyError) as error:
        raise DataError(f"{annotations[0]}: {type(error).__name__}: {error}") from error
    for window in cut(document):
        part = replace(window, text=window.text.replace("\n", " ")) if wrapped else window
        yield OpenRecord(part, known, text_path.stem, commercial=True)


def read_protocols(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Laboratory protocols, one step per line; raises `DataError`."""
    for path in _texts(folder / f"{split}_data/Standoff_Format"):
        yield from _records(path, [path.with_suffix(".ann")], "wnut2020_wlp", split, wrapped=False)


def read_syntheses(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Synthesis procedures in the set's list for named entities; raises `DataError`."""
    for _, name in lines_of(folder / f"ner-{split}-fnames.txt"):
        if name.strip():
            path = folder / "data" / f"{name.strip()}.txt"
            yield from _records(
                path,
                [folder / "data" / f"{name.strip()}.ann"],
                "materials_synth",
                split,
                wrapped=False,
            )


def read_novels(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Chapters with entities and event triggers; a tenth of the novels is "dev"."""
    for path in _texts(folder / "entities/brat"):
        if split_of(path.stem) == split:
            parts = [path.with_suffix(".ann"), folder / "events/brat" / f"{path.stem}.ann"]
            yield from _records(path, parts, "litbank", split, wrapped=True)


def _texts(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise DataError(f"{folder} has no texts")
    return paths
