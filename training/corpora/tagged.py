"""Reader of open sets with one token per line and IO, BIO or IOB tags.

Sources: MultiCoNER 2 (Fetahu et al., 2023), StackOverflowNER (Tabassum et al., 2020), Wikigold
(Balasuriya et al., 2009), GUM (Zeldes, 2017), re3d (DSTL, 2017), SEC filings (Salinas Alvarado et
al., 2015), Universal NER (Mayhew et al., 2024), SkillSpan (Zhang et al., 2022), AnEM (Ohta et al.,
2012), MTL-Bioinformatics (Crichton et al., 2017), SciERC (Luan et al., 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document, Mention
from tasks.errors import DataError
from training.corpora.bio import Chunk, chunks
from training.corpora.files import lines_of
from training.corpora.inventories import inventory
from training.corpora.joined import Joined
from training.corpora.records import OpenRecord, split_of
from training.corpora.windows import cut

_BLOCK = 20
"""Sentences that count as one source in sets without document ids."""
_DOCUMENT = "# newdoc id = "
_SKIPPED = ("-DOCSTART-", "# ")
_HEADERS = {("Question_ID", ":"), ("Question_URL", ":"), ("Answer_to_Question_ID", ":")}

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A layout.

    `files` names the files of every split; a set with training files only has a tenth of its
    sources as "dev". `columns` are those with tags, `token` the one with the token, `separator`
    separates columns. `io`: tags are types or "I-type", and a mention is a run of tokens.
    `barred` names a folder of texts whose licence excludes commercial use.
    """

    corpus: str
    inventory: str
    files: Mapping[str, tuple[str, ...]]
    columns: tuple[int, ...] = (1,)
    token: int = 0
    separator: str = "\t"
    commercial: bool = True
    barred: str | None = None

    def read(self, folder: Path, split: str) -> Iterator[OpenRecord]:
        """The sentences of "train" or "dev"; raises `DataError` with file and line."""
        barred = self._barred(folder)
        own_split = split in self.files
        for name in self.files[split if own_split else "train"]:
            for source, line, rows in self._sentences(folder / name):
                if ("dev" not in self.files) and split_of(source) != split:
                    continue
                try:
                    document = self._document(rows, split)
                except ValueError as error:
                    raise DataError(f"{folder / name}:{line}: {error}") from error
                if any(letter.isalpha() for letter in document.text):
                    commercial = self.commercial and document.text not in barred
                    for window in cut(document):
                        yield OpenRecord(window, inventory(self.inventory), source, commercial)

    def _barred(self, folder: Path) -> frozenset[str]:
        if self.barred is None:
            return frozenset()
        return frozenset(
            " ".join(row[self.token] for row in rows)
            for path in sorted((folder / self.barred).iterdir())
            for _, _, rows in self._sentences(path)
        )

    def _sentences(self, path: Path) -> Iterator[tuple[str, int, Rows]]:
        """Source, line of the first token and columns of every sentence."""
        rows: list[list[str]] = []
        begin, count, source = 0, 0, ""
        for number, line in [*lines_of(path), (0, "")]:
            if line.startswith(_DOCUMENT):
                source = line.removeprefix(_DOCUMENT)
            if line.startswith(_SKIPPED) and len(line.split(self.separator)) <= max(self.columns):
                continue
            columns = line.split(self.separator)
            if not line.strip():
                if rows and tuple(row[self.token] for row in rows[:2]) not in _HEADERS:
                    yield source or f"{path.name}/{count // _BLOCK}", begin, rows
                    count += 1
                rows = []
            elif line.startswith("-DOCSTART-"):
                continue
            elif len(columns) <= max(self.columns):
                raise DataError(f"{path}:{number}: no column {max(self.columns) + 1}")
            elif columns[self.token].strip():
                begin = begin if rows else number
                rows.append([column.strip() for column in columns])

    def _document(self, rows: Rows, split: str) -> Document:
        joined = Joined.of([row[self.token] for row in rows])
        words = inventory(self.inventory).entity_of
        found: list[Chunk] = []
        for column in self.columns:
            found += chunks([_prefixed(row[column]) for row in rows])
        unknown = {chunk.type for chunk in found} - words.keys()
        if unknown:
            raise ValueError(f"unknown types {', '.join(sorted(unknown))}")
        mentions = [Mention(*joined.span(c.first, c.stop), words[c.type]) for c in found]
        mentions.sort(key=lambda mention: (mention.start, -mention.end))
        return Document(
            text=joined.text,
            corpus=self.corpus,
            split=split,
            ontology=self.inventory,
            entities=tuple(mentions),
        )


def _prefixed(tag: str) -> str:
    return tag if tag == "O" or tag[:2] in ("B-", "I-") else f"I-{tag}"
