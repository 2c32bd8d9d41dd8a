"""Readers of open sets with events, in JSON: GENEVA, PHEE, RAMS and WikiEvents.

Sources: Parekh et al. (2023), Sun et al. (2022), Ebner et al. (2020), Li et al. (2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from tasks.document import Argument, Document, Event
from tasks.errors import DataError
from tasks.ontology import EventType, Ontology
from training.corpora.files import json_lines_of, json_of
from training.corpora.inventories import inventory, plain_word
from training.corpora.joined import Joined
from training.corpora.records import Descriptions, OpenRecord, split_of
from training.corpora.sentences import split_sentences
from training.corpora.windows import cut

_GENEVA = {"train": "train_union.jsonl", "dev": "data/val.json"}
_RAMS_ROLE = len("evt000arg00")
_ROLES = {
    "artifactmoney": "artifact or money",
    "crashobject": "crashed object",
    "damagerdestroyer": "damager or destroyer",
    "driverpassenger": "driver or passenger",
    "fireexplosionobject": "burning or exploding object",
    "governmentbody": "government body",
    "gpe": "state",
    "hidingplace": "hiding place",
    "inspectedentity": "inspected entity",
    "judgecourt": "judge or court",
    "manufacturerassembler": "manufacturer",
    "monitoredentity": "monitored entity",
    "observedentity": "observed entity",
    "otherparticipant": "other participant",
    "passengerartifact": "passenger or cargo",
    "paymentbarter": "payment",
    "placeofemployment": "place of employment",
    "rejecternullifier": "rejecter",
    "teachertrainer": "teacher",
    "territoryorfacility": "territory or facility",
}
"""Labels of roles of RAMS and WikiEvents that do not follow from their codes."""


def read_geneva(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Sentences with all events of 115 types; raises `DataError`."""
    path, known = folder / _GENEVA[split], inventory("geneva")
    for number, row in json_lines_of(path):
        try:
            document = _oneie(Joined.of(row["tokens"]), row, known, "geneva", split)
            yield OpenRecord(document, known, row["doc_id"], commercial=True)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error


def geneva_descriptions(folder: Path) -> Descriptions:
    """The first sentence of every description in the set's ontology."""
    known = inventory("geneva")
    found: dict[tuple[str, ...], str] = {}
    for code, row in json_of(folder / "meta_data/event_ontology.json").items():
        if code not in known.event_of:
            continue
        kind = known.event(known.event_of[code])
        frame = next(iter(row["frames"].values()))
        texts: dict[tuple[str, ...], str] = {(kind.name,): frame["description"]}
        for role, argument in row["arguments"].items():
            if plain_word(role) in kind.roles:
                texts[kind.name, plain_word(role)] = argument["arg_desc"]
        found.update({key: _first_sentence(text) for key, text in texts.items()})
    return {key: text for key, text in found.items() if text}


def read_phee(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Sentences of case reports with drug events; raises `DataError`."""
    path, known = folder / f"data/json/{split}.json", inventory("phee")
    for number, row in json_lines_of(path):
        try:
            text = row["context"]
            rows = [event for part in row["annotations"] for event in part["events"]]
            events = tuple(_drug_event(event, text, known) for event in rows)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        document = Document(text, "phee", split, known.name, events=events)
        yield OpenRecord(document, known, row["id"].partition("_")[0], commercial=True)


def read_news_events(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Windows of the dev parts of RAMS and WikiEvents; raises `DataError`.

    A window of RAMS has the arguments of one given trigger. A tenth of the sources is "dev".
    """
    for file, read in (("rams/dev.jsonlines", _rams), ("wikievents/dev.jsonl", _wikievents)):
        for number, row in json_lines_of(folder / file):
            source = str(row.get("doc_id", row.get("doc_key")))
            try:
                if split_of(source) == split:
                    yield from read(row, source, split)
            except (ValueError, KeyError, TypeError) as error:
                place = f"{folder / file}:{number}"
                raise DataError(f"{place}: {type(error).__name__}: {error}") from error


def _oneie(
    joined: Joined, row: Mapping[str, Any], known: Ontology, corpus: str, split: str
) -> Document:
    """A row of OneIE's layout: token offsets, arguments that are mentions of entities."""
    spans = {m["id"]: joined.span(m["start"], m["end"]) for m in row["entity_mentions"]}
    events = []
    for event in row["event_mentions"]:
        kind = known.event(known.event_of[event["event_type"]])
        trigger = event["trigger"]
        found = [(_role(a["role"], kind), spans[a["entity_id"]]) for a in event["arguments"]]
        events.append(_event(kind, joined.span(trigger["start"], trigger["end"]), found))
    return Document(joined.text, corpus, split, known.name, events=_in_order(events))


def _rams(row: Mapping[str, Any], source: str, split: str) -> Iterator[OpenRecord]:
    known = inventory("rams")
    joined = Joined.of([token for sentence in row["sentences"] for token in sentence])
    ((first, last, ((code, _),)),) = row["evt_triggers"]
    kind = known.event(known.event_of[code])
    found = [
        (_role(role[_RAMS_ROLE:], kind), joined.span(start, end + 1))
        for _, (start, end), role in row["gold_evt_links"]
    ]
    event = _event(kind, joined.span(first, last + 1), found)
    document = Document(joined.text, "rams_wikievents", split, known.name, events=(event,))
    only = Ontology(name=known.name, title=known.title, events=(kind,))
    for window in cut(document):
        if window.events:
            yield OpenRecord(window, only, source, commercial=False, given_triggers=True)


def _wikievents(row: Mapping[str, Any], source: str, split: str) -> Iterator[OpenRecord]:
    known = inventory("wikievents")
    parts = [text for _, text in row["sentences"]]
    begins = accumulate((len(part) + 1 for part in parts), initial=0)
    starts: list[int] = []
    tokens: list[str] = []
    for (words, _), begin in zip(row["sentences"], begins, strict=False):
        for token, start, _ in words:
            tokens.append(token)
            starts.append(begin + start - words[0][1])
    joined = Joined(" ".join(parts), tuple(tokens), tuple(starts))
    document = _oneie(joined, row, known, "rams_wikievents", split)
    for window in cut(document):
        yield OpenRecord(window, known, source, commercial=False)


def _drug_event(row: Mapping[str, Any], text: str, known: Ontology) -> Event:
    kind = known.event(known.event_of[row["event_type"]])
    found: list[tuple[str, tuple[int, int]]] = []
    for name in ("Subject", "Treatment", "Effect"):
        part = row.get(name, {})
        found += [(name.lower(), span) for span in _located(part, text)]
        for code, inner in part.items():
            if code == "Combination":
                inner = [combination.get("Drug", {}) for combination in inner]
            elif not isinstance(inner, dict):
                continue
            for argument in inner if isinstance(inner, list) else [inner]:
                found += [(_drug_role(name, code), span) for span in _located(argument, text)]
    # Some triggers are discontinuous; the first part is the verb or noun.
    return _event(kind, _located(row["Trigger"], text)[0], found)


def _drug_role(part: str, code: str) -> str:
    special = {
        ("Subject", "Disorder"): "subject disorder",
        ("Treatment", "Disorder"): "treated disorder",
        ("Treatment", "Combination"): "combined drug",
        ("Treatment", "Freq"): "frequency",
    }
    return special.get((part, code), plain_word(code))


def _located(part: Mapping[str, Any], text: str) -> list[tuple[int, int]]:
    """Spans of the parts of an argument; ValueError if an offset does not match the text."""
    found = []
    for pieces, starts in zip(part.get("text", ()), part.get("start", ()), strict=True):
        for piece, start in zip(pieces, starts, strict=True):
            if text[start : start + len(piece)] != piece:
                raise ValueError(f"{piece!r} does not stand at {start}")
            left = start + len(piece) - len(piece.lstrip())
            found.append((left, left + len(piece.strip())))
    return found


def _role(code: str, kind: EventType) -> str:
    word = _ROLES.get(code.lower(), plain_word(code))
    if word not in kind.roles:
        raise KeyError(f"{kind.name} has no role {code!r}")
    return word


def _event(
    kind: EventType, trigger: tuple[int, int], arguments: Sequence[tuple[str, tuple[int, int]]]
) -> Event:
    unknown = {role for role, _ in arguments} - set(kind.roles)
    if unknown:
        raise KeyError(f"{kind.name} has no role {', '.join(sorted(unknown))}")
    found = sorted(dict.fromkeys(arguments), key=lambda argument: argument[1])
    return Event(kind.name, *trigger, tuple(Argument(role, *span) for role, span in found))


def _in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(sorted(dict.fromkeys(events), key=lambda event: (event.start, event.end)))


def _first_sentence(text: str) -> str:
    squeezed = " ".join(text.split())
    sentences = split_sentences(squeezed)
    return squeezed[slice(*sentences[0])].rstrip(": ") if sentences else ""
