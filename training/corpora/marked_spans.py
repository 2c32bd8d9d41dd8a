"""Readers of texts with character offsets: NLU Evaluation Data and Presidio's personal data.

Sources: Liu et al. (2019); Microsoft presidio-research (generated from templates).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.document import Document, Mention
from tasks.errors import DataError
from tasks.ontology import Ontology
from training.corpora.files import json_lines_of, json_of
from training.corpora.inventories import inventory
from training.corpora.records import OpenRecord, split_of

_PRESIDIO = {
    "presidio_pii": "data/synth_dataset_v2.json",
    "presidio_pii_large": "tests/data/generated_large.json",
}


def read_utterances(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Commands with their slots; a tenth of the wordings is "dev". Raises `DataError`.

    Utterances that differ only in slot values have the same wording, and so the same source.
    """
    path, known = folder / "utterances.jsonl", inventory("nlu_eval_home")
    for number, row in json_lines_of(path):
        try:
            spans = [(e["start"], e["end"], e["entity"]) for e in row["entities"]]
            mentions = _mentions(row["text"], spans, known)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        source = _wording(row["text"], mentions)
        if split_of(source) == split:
            yield _record("nlu_eval_home", row["text"], mentions, known, split, source)


def read_personal_data(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Synthetic texts with personal data; a tenth of the templates is "dev". Raises `DataError`.

    Each of the two versions has its own inventory.
    """
    for name, file in _PRESIDIO.items():
        path, known = folder / file, inventory(name)
        for number, row in enumerate(json_of(path)):
            try:
                text, spans = row["full_text"], [_span(s) for s in row["spans"]]
                source = f"{name}/{row['template_id']}"
                mentions = _mentions(text, spans, known)
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}: text {number}: {error!r}") from error
            if split_of(source) == split:
                yield _record("presidio_pii", text, mentions, known, split, source)


def _span(row: Mapping[str, Any]) -> tuple[int, int, str]:
    return row["start_position"], row["end_position"], row["entity_type"]


def _mentions(text: str, spans: list[tuple[int, int, str]], known: Ontology) -> tuple[Mention, ...]:
    mentions = []
    for start, end, code in sorted(spans):
        piece = text[start:end]
        if not piece.strip():
            raise ValueError(f"{start} to {end} is no span of {len(text)} characters")
        left = start + len(piece) - len(piece.lstrip())
        mentions.append(Mention(left, left + len(piece.strip()), known.entity_of[code]))
    return tuple(mentions)


def _wording(text: str, mentions: tuple[Mention, ...]) -> str:
    parts, at = [], 0
    for mention in mentions:
        parts += [text[at : mention.start], mention.type]
        at = mention.end
    return "".join([*parts, text[at:]])


def _record(
    corpus: str,
    text: str,
    mentions: tuple[Mention, ...],
    known: Ontology,
    split: str,
    source: str,
) -> OpenRecord:
    document = Document(text, corpus, split, known.name, entities=mentions)
    return OpenRecord(document, known, source, commercial=True)
