"""Reader of BIO files, one token per line: Twitter, GMNER, FMNERG, Broad Twitter, CrossNER.

A blank line ends a text. `IMGID:` lines, if a corpus has them, name the picture of the text
below them. Sources: Zhang et al. (2018), Lu et al. (2018), Yu et al. (2023), Wang et al. (2023),
Derczynski et al. (2016), Jiang et al. (2022), Liu et al. (2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.document import Document, Mention
from tasks.errors import DataError
from tasks.ontology import load
from training.corpora.bio import Chunk, chunks
from training.corpora.boxes import boxes_by_name
from training.corpora.files import lines_of
from training.corpora.joined import Joined

_IMAGE, _FILE_START = "IMGID:", "-DOCSTART-"
_SIGILS = ("@", "#")


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tokens with their tags; `line` is the line of the first token in the file."""

    line: int
    image: str | None
    tokens: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conll:
    """A layout.

    `files` names the files of every split, `width` the columns of a line and `column` the one with
    the tags. `boxes` is the folder of XML boxes, relative to the corpus folder.
    `sigils_apart`: "@" and "#" are tokens with the tag of a separate mention, which is dropped.
    """

    corpus: str
    ontology: str
    files: Mapping[str, tuple[str, ...]]
    column: int = 1
    width: int = 2
    boxes: str | None = None
    sigils_apart: bool = False

    def read(self, folder: Path, split: str) -> list[Document]:
        """The texts of a split; raises `DataError` with file and line."""
        return [
            self._document(path, tagged, folder, split)
            for path in (folder / name for name in self.files[split])
            for tagged in tagged_texts(path, column=self.column, width=self.width)
        ]

    def _document(self, path: Path, tagged: Tagged, folder: Path, split: str) -> Document:
        joined = Joined.of(tagged.tokens)
        try:
            found = chunks(tagged.tags)
        except ValueError as error:
            raise DataError(f"{path}:{tagged.line}: {error}") from error
        if self.sigils_apart:
            found = [chunk for chunk in found if not _is_sigil(chunk, tagged.tokens)]
        words = load(self.ontology).entity_of
        unknown = {chunk.type for chunk in found} - words.keys()
        if unknown:
            raise DataError(f"{path}:{tagged.line}: unknown types {', '.join(sorted(unknown))}")
        mentions = tuple(Mention(*joined.span(c.first, c.stop), words[c.type]) for c in found)
        if self.boxes is not None and tagged.image is not None:
            mentions = _boxed(mentions, joined.text, folder / self.boxes / f"{tagged.image}.xml")
        return Document(
            text=joined.text,
            corpus=self.corpus,
            split=split,
            ontology=self.ontology,
            image=tagged.image,
            entities=mentions,
        )


def tagged_texts(path: Path, *, column: int, width: int) -> Iterator[Tagged]:
    """The texts of one file; raises `DataError` with file and line."""
    image: str | None = None
    tokens: list[str] = []
    tags: list[str] = []
    begin = 0
    for number, line in [*lines_of(path), (0, "")]:
        if line.startswith(_FILE_START):
            continue
        if not line or line.startswith(_IMAGE):
            if tokens:
                yield Tagged(begin, image, tuple(tokens), tuple(tags))
            tokens, tags = [], []
            image = line.removeprefix(_IMAGE).strip() or None
            continue
        columns = line.split("\t")
        if len(columns) != width:
            raise DataError(f"{path}:{number}: {len(columns)} columns instead of {width}")
        token = columns[0].strip()
        if token:
            begin = begin if tokens else number
            tokens.append(token)
            tags.append(columns[column].strip())


def _is_sigil(chunk: Chunk, tokens: tuple[str, ...]) -> bool:
    return chunk.stop == chunk.first + 1 and tokens[chunk.first] in _SIGILS


def _boxed(mentions: tuple[Mention, ...], text: str, path: Path) -> tuple[Mention, ...]:
    boxes = boxes_by_name(path)
    return tuple(
        replace(m, boxes=boxes.get("".join(text[m.start : m.end].split()), ())) for m in mentions
    )
