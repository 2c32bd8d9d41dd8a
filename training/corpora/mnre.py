"""Reader of MNRE: a Python literal with one pair per line. Source: Zheng et al. (2021)."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import NONE, Ontology, load
from training.corpora.files import lines_of
from training.corpora.joined import Joined

_NO_RELATION = ("None", "none")


@dataclass(frozen=True, slots=True)
class Mnre:
    """A version of MNRE; `files` names the file of every split.

    Every document has one pair: relation 0 goes from mention 0 to mention 1. The paths of labels
    contain the mentions' types; those of an unrelated pair are unknown, which is "".
    """

    corpus: str
    ontology: str
    files: Mapping[str, str]

    def read(self, folder: Path, split: str) -> list[Document]:
        """Read one document per pair; raises `DataError` with file and line."""
        path = folder / self.files[split]
        ontology = load(self.ontology)
        documents = []
        for number, line in lines_of(path):
            if not line.strip():
                continue
            try:
                documents.append(self._document(ast.literal_eval(line), ontology, split))
            except (ValueError, SyntaxError, KeyError, TypeError) as error:
                raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        return documents

    def _document(self, row: Mapping[str, Any], ontology: Ontology, split: str) -> Document:
        joined = Joined.of([str(token) for token in row["token"]])
        code = row["relation"]
        relation = NONE if code in _NO_RELATION else ontology.relation_of[code]
        types = ("", "") if relation == NONE else pair_types(code, ontology)
        spans = (joined.span(*row[end]["pos"]) for end in ("h", "t"))
        return Document(
            text=joined.text,
            corpus=self.corpus,
            split=split,
            ontology=self.ontology,
            image=str(row["img_id"]),
            relations=(Relation(relation, 0, 1),),
            pair_mentions=tuple(Mention(*s, t) for s, t in zip(spans, types, strict=True)),
        )


def pair_types(code: str, ontology: Ontology) -> tuple[str, str]:
    """The types of head and tail in a path such as "/per/org/member_of"."""
    _, head, tail, _ = code.split("/")
    return ontology.entity_of[head.upper()], ontology.entity_of[tail.upper()]


def group_pairs(documents: Sequence[Document]) -> list[Document]:
    """Merge documents of one pair each to one per picture and text, in order of first appearance.

    A mention gets the first type that any of its pairs has.
    """
    groups: dict[tuple[str | None, str], list[Document]] = {}
    for document in documents:
        groups.setdefault((document.image, document.text), []).append(document)
    return [_grouped(group) for group in groups.values()]


def _grouped(group: Sequence[Document]) -> Document:
    types: dict[tuple[int, int], str] = {}
    for document in group:
        for mention in document.mentions:
            span = (mention.start, mention.end)
            types[span] = types.get(span) or mention.type
    index = {span: k for k, span in enumerate(types)}
    relations = []
    for document in group:
        spans = [(m.start, m.end) for m in document.mentions]
        for relation in document.relations or ():
            head, tail = index[spans[relation.head]], index[spans[relation.tail]]
            relations.append(Relation(relation.type, head, tail))
    first = group[0]
    return Document(
        text=first.text,
        corpus=first.corpus,
        split=first.split,
        ontology=first.ontology,
        image=first.image,
        relations=tuple(dict.fromkeys(relations)),
        pair_mentions=tuple(Mention(*span, kind) for span, kind in types.items()),
    )
