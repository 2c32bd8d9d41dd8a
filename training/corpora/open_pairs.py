"""Readers of open sets of relations: FIRE, KnowledgeNet, ADE, SciERC and ChemProt.

Sources: Hamad et al. (2024), Mesquita et al. (2019), Gurulingappa et al. (2012), Luan et al.
(2018), Kringelum et al. (2016).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import NONE, Ontology
from training.corpora.files import json_lines_of, json_of, lines_of
from training.corpora.inventories import inventory
from training.corpora.joined import Joined
from training.corpora.records import OpenRecord, split_of
from training.corpora.tagged import Tagged

_PAIR = re.compile(r"(\[\[|\]\]|<<|>>)")
_ADE = (("DRUG-AE.rel", "causes", "adverse effect"), ("DRUG-DOSE.rel", "has dose", "dose"))
_SCIERC = Tagged(
    "scierc_chemprot",
    "scierc",
    {split: (f"{split}.txt",) for split in ("train", "dev")},
    columns=(3,),
    separator=" ",
    commercial=False,
)
_SYMMETRIC = "spouse"
_BLOCK = 20

Span = tuple[int, int]
Fact = tuple[str, tuple[Span, str], tuple[Span, str]]
"""The label of a relation, its head and its tail, each with its type."""


def read_fire(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Sentences of the published dev part; a tenth of its runs of sentences is "dev"."""
    path, known = folder / "data/fire_dev.json", inventory("fire")
    for number, row in enumerate(json_of(path)):
        source = f"fire/{number // _BLOCK}"
        if split_of(source) != split:
            continue
        try:
            document = _sentence(row, known, split)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise DataError(f"{path}: sentence {number}: {error!r}") from error
        yield OpenRecord(document, known, source, commercial=True)


def _sentence(row: Mapping[str, Any], known: Ontology, split: str) -> Document:
    joined = Joined.of(row["tokens"])
    mentions = [
        Mention(*joined.span(e["start"], e["end"]), known.entity_of[e["type"]])
        for e in row["entities"]
    ]
    relations = [
        Relation(known.relation_of[r["type"]], r["head"], r["tail"]) for r in row["relations"]
    ]
    ends = {k for relation in relations for k in (relation.head, relation.tail)}
    if ends and not 0 <= min(ends) <= max(ends) < len(mentions):
        raise ValueError(f"a relation of entity {max(ends)} among {len(mentions)}")
    return Document(
        text=joined.text,
        corpus="fire",
        split=split,
        ontology=known.name,
        entities=tuple(mentions),
        relations=tuple(dict.fromkeys(r for r in relations if r.head != r.tail)),
    )


def read_facts(folder: Path, split: str) -> Iterator[OpenRecord]:
    """KnowledgeNet's passages, each with the relations annotated in it.

    Pairs whose types admit such a relation but have none are "none". A tenth of the
    documents is "dev". Raises `DataError`.
    """
    path, known = folder / "train_passages.jsonl", inventory("knowledgenet")
    for number, row in json_lines_of(path):
        if split_of(row["doc"]) != split:
            continue
        try:
            codes = dict.fromkeys([*row["props"], *(fact["rel"] for fact in row["facts"])])
            asked = {known.relation_of[code] for code in codes}
            facts = [_fact(fact, known) for fact in row["facts"]]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        kinds = tuple(kind for kind in known.relations if kind.name in asked)
        document = _paired(row["text"], facts, "knowledgenet", split, known)
        document = replace(
            document, relations=_with_none(document, replace(known, relations=kinds))
        )
        yield OpenRecord(document, replace(known, relations=kinds), row["doc"], commercial=True)


def _fact(row: Mapping[str, Any], known: Ontology) -> Fact:
    word = known.relation_of[row["rel"]]
    (kind,) = [kind for kind in known.relations if kind.name == word]
    head, tail = (tuple(row[end][:2]) for end in ("subj", "obj"))
    return word, (head, kind.head[0]), (tail, kind.tail[0])


def _with_none(document: Document, known: Ontology) -> tuple[Relation, ...]:
    related = {(r.head, r.tail) for r in document.relations or ()}
    related |= {(r.tail, r.head) for r in document.relations or () if r.type == _SYMMETRIC}
    mentions = document.pair_mentions
    unrelated = [
        Relation(NONE, head, tail)
        for head, first in enumerate(mentions)
        for tail, second in enumerate(mentions)
        if head != tail
        and (head, tail) not in related
        and (first.end <= second.start or second.end <= first.start)
        and any(kind.admits(first.type, second.type) for kind in known.relations)
    ]
    return (*(document.relations or ()), *unrelated)


def read_adverse_effects(folder: Path, split: str) -> Iterator[OpenRecord]:
    """ADE's sentences with pairs of drug and effect or dose, and those with no adverse effect.

    Sentences of PHEE's dev and test parts are left out, if that set is in the same folder. Doses
    are in the inventory if one is annotated. A tenth of the abstracts is "dev". Raises `DataError`.
    """
    known, kept_out = inventory("ade"), _phee_sentences(folder.parent / "phee")
    for (source, text), facts in _ade_sentences(folder / "ADE-Corpus-V2").items():
        if split_of(source) == split and _normal(text) not in kept_out:
            words = {"causes", *(fact[0] for fact in facts)}
            kinds = tuple(kind for kind in known.relations if kind.name in words)
            document = _paired(text, facts, "ade", split, known)
            yield OpenRecord(document, replace(known, relations=kinds), source, commercial=False)


def _ade_sentences(folder: Path) -> dict[tuple[str, str], list[Fact]]:
    """Facts by abstract and sentence."""
    facts: dict[tuple[str, str], list[Fact]] = {}
    for file, word, tail in _ADE:
        for number, line in lines_of(folder / file):
            if line.strip():
                try:
                    source, text, ends = _ade_row(line)
                except (ValueError, IndexError) as error:
                    raise DataError(f"{folder / file}:{number}: {error}") from error
                facts.setdefault((source, text), []).append(
                    (word, (ends[1], "drug"), (ends[0], tail))
                )
    for _, line in lines_of(folder / "ADE-NEG.txt"):
        if line.strip():
            source, _, text = line.split(" ", 2)
            facts.setdefault((source, text.strip()), [])
    return facts


def _ade_row(line: str) -> tuple[str, str, tuple[Span, Span]]:
    """Abstract, sentence, and the spans of effect and drug in it.

    Offsets are relative to the abstract, so a name that occurs twice in the sentence is located by
    its distance from the other name.
    """
    source, text, first, begin, _, second, other, _ = line.split("|")
    away = int(other) - int(begin)
    first, second = first.strip(), second.strip()
    places = [
        (abs(b - a - away), (a, a + len(first)), (b, b + len(second)))
        for a in _all(first, text)
        for b in _all(second, text)
        if (a, len(first)) != (b, len(second))
    ]
    if not places:
        raise ValueError(f"{first!r} and {second!r} do not stand in the sentence")
    _, left, right = min(places)
    return source, text, (left, right)


def _all(name: str, text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(name), text)]


def _phee_sentences(folder: Path) -> frozenset[str]:
    paths = [folder / f"data/json/{split}.json" for split in ("dev", "test")]
    rows = [row for path in paths if path.is_file() for _, row in json_lines_of(path)]
    return frozenset(_normal(row["context"]) for row in rows)


def _normal(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def read_science(folder: Path, split: str) -> Iterator[OpenRecord]:
    """SciERC's sentences with entities and relations, ChemProt's with pairs; raises `DataError`.

    This copy of ChemProt marks a pair in text order and does not distinguish chemical and protein,
    so its relations have symmetric labels.
    """
    marked = folder / "text_classification"
    related = _marked(marked / f"sciie-relation-extraction/{split}.txt", inventory("scierc"))
    for record in _SCIERC.read(folder / "ner/sciie", split):
        document = record.document
        index = {(m.start, m.end): k for k, m in enumerate(document.mentions)}
        facts = related.get(document.text, [])
        if all(span in index for _, *ends in facts for span, _ in ends):
            relations = [Relation(word, index[h[0]], index[t[0]]) for word, h, t in facts]
            document = replace(document, relations=tuple(dict.fromkeys(relations)))
        yield replace(record, document=document)
    known = inventory("chemprot")
    for number, (text, facts) in enumerate(
        _marked(marked / f"chemprot/{split}.txt", known).items()
    ):
        document = _paired(text, facts, "scierc_chemprot", split, known)
        yield OpenRecord(document, known, f"chemprot/{number // _BLOCK}", commercial=False)


def _marked(path: Path, known: Ontology) -> dict[str, list[Fact]]:
    """Facts by sentence, from sentences with `[[ head ]]` and `<< tail >>` in any order."""
    found: dict[str, list[Fact]] = {}
    for number, row in json_lines_of(path):
        try:
            text, spans = _unmarked(row["text"])
            word = known.relation_of[row["label"]]
            head, tail = spans["[["], spans["<<"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        (kind,) = [kind for kind in known.relations if kind.name == word]
        types = [(*ends, "")[0] for ends in (kind.head, kind.tail)]
        found.setdefault(text, []).append((word, (head, types[0]), (tail, types[1])))
    return found


def _unmarked(text: str) -> tuple[str, dict[str, Span]]:
    plain, spans, opened = "", {}, ""
    for part in _PAIR.split(text):
        if part in ("[[", "<<"):
            opened = part
        elif part in ("]]", ">>"):
            opened = ""
        elif opened:
            spans[opened] = (len(plain), len(plain) + len(part.strip()))
            plain += part.strip()
        else:
            plain += part
    if len(spans) != 2 or any(start == end for start, end in spans.values()):
        raise ValueError("no two marked names")
    return plain, spans


def _paired(text: str, facts: Sequence[Fact], corpus: str, split: str, known: Ontology) -> Document:
    types: dict[Span, str] = {}
    for _, *ends in facts:
        for span, kind in ends:
            types[span] = types.get(span) or kind
    ordered = sorted(types)
    index = {span: k for k, span in enumerate(ordered)}
    relations = [Relation(word, index[head], index[tail]) for word, (head, _), (tail, _) in facts]
    return Document(
        text=text,
        corpus=corpus,
        split=split,
        ontology=known.name,
        relations=tuple(dict.fromkeys(r for r in relations if r.head != r.tail)),
        pair_mentions=tuple(Mention(*span, types[span]) for span in ordered),
    )
