"""Reader of sentences with a marked pair: SemEval-2010 task 8 and KBP37.

    12	"The <e1>company</e1> fabricates plastic <e2>chairs</e2>."
    Product-Producer(e2,e1)
    Comment: ...

A blank line ends a sentence; text after the label is ignored. Pairs with an empty mark are left
out, because there is nothing to classify: KBP37 lost non-ASCII names in 26 of its test pairs.
Sources: Hendrickx et al. (2010), Zhang and Wang (2015).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import NONE, Ontology, load
from training.corpora.files import lines_of

_SENTENCE = re.compile(r'\d+\t"(.*)"\s*')
_MARK = re.compile(r"(</?e[12]>)")
_EMPTY = re.compile(r"<e([12])>\s*</e\1>")
_MARKS = ["<e1>", "</e1>", "<e2>", "</e2>"]
_LABEL = re.compile(r"(.+)\((e1,e2|e2,e1)\)")


@dataclass(frozen=True, slots=True)
class Marked:
    """A corpus; `files` names the file of every split, `unrelated` is the label of pairs without a
    relation.

    Every document has one pair, and mentions 0 and 1 are e1 and e2. A relation goes from head to
    tail: with the label "(e2,e1)" from mention 1 to mention 0, and from left to right for an
    unrelated pair. The relation determines the mentions' types if the inventory has one for each
    end; otherwise they are unknown, which is "".
    """

    corpus: str
    ontology: str
    files: Mapping[str, str]
    unrelated: str

    def read(self, folder: Path, split: str) -> list[Document]:
        """Read one document per pair; raises `DataError` with file and line."""
        path = folder / self.files[split]
        ontology = load(self.ontology)
        documents = []
        for number, rows in _blocks(path):
            if _EMPTY.search(rows[0]):
                continue
            try:
                documents.append(self._document(rows, ontology, split))
            except (ValueError, KeyError) as error:
                raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
        return documents

    def _document(self, rows: Sequence[str], ontology: Ontology, split: str) -> Document:
        sentence = _SENTENCE.fullmatch(rows[0])
        if sentence is None or len(rows) < 2:
            raise ValueError("no quoted sentence with its number, and a label below")
        text, spans = _unmarked(sentence[1])
        relation = self._relation(rows[1].strip(), ontology)
        types = _types(relation, ontology)
        return Document(
            text=text,
            corpus=self.corpus,
            split=split,
            ontology=self.ontology,
            relations=(relation,),
            pair_mentions=tuple(Mention(*s, t) for s, t in zip(spans, types, strict=True)),
        )

    def _relation(self, label: str, ontology: Ontology) -> Relation:
        if label == self.unrelated:
            return Relation(NONE, 0, 1)
        match = _LABEL.fullmatch(label)
        if match is None:
            raise ValueError(f"{label!r} tells no direction")
        ends = (0, 1) if match[2] == "e1,e2" else (1, 0)
        return Relation(ontology.relation_of[match[1]], *ends)


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of every sentence, and the number of the first."""
    rows: list[str] = []
    begin = 0
    for number, line in [*lines_of(path), (0, "")]:
        if line.strip():
            begin = begin if rows else number
            rows.append(line)
        elif rows:
            yield begin, rows
            rows = []


def _unmarked(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """A sentence without marks and their spaces, and the marked spans.

    ValueError if e1 and e2 are not marked once each, in this order.
    """
    parts = _MARK.split(marked)
    if parts[1::2] != _MARKS:
        raise ValueError(f"marked by {' '.join(parts[1::2])} in place of {' '.join(_MARKS)}")
    text, places = "", []
    for part in parts[::2]:
        text += part.lstrip() if not text or text[-1].isspace() else part
        places.append(len(text))
    spans = [_stripped(text, *places[k : k + 2]) for k in (0, 2)]
    return text.rstrip(), spans


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _types(relation: Relation, ontology: Ontology) -> tuple[str, str]:
    """The types of mentions 0 and 1."""
    for kind in ontology.relations:
        if kind.name == relation.type:
            ends = {relation.head: kind.head, relation.tail: kind.tail}
            first, second = (ends[k][0] if len(ends[k]) == 1 else "" for k in (0, 1))
            return first, second
    return "", ""
