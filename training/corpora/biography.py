"""Reader of Culotta's Wikipedia set: paragraphs of HTML about a person, with related links.

    url=http://en.wikipedia.org/wiki/Ada_Byron
    She was born in <a href="..." relation="birth_place">London</a>, near <a ...>Kent</a>.

The relation of a link is between the person of the page and the linked entity; a link without one
is unrelated. Source: Culotta et al. (2006).
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import NONE
from training.corpora.inventories import inventory
from training.corpora.records import OpenRecord, split_of
from training.corpora.windows import cut

_ARCHIVE, _MEMBER = "wikipedia_datav1.0.tar.gz", "wikipedia_datav1.0/wikipedia.train"
_PAGE = "/wiki/"
_PRONOUN = re.compile(r"\b([Hh]e|[Ss]he)\b")
_BRACKET = re.compile(r"\s*\(.*\)$")

Span = tuple[int, int]


def read_biographies(folder: Path, split: str) -> Iterator[OpenRecord]:
    """Windows of the training paragraphs that name their person; a tenth of the people is "dev".

    Raises:
        DataError: if the archive is missing or has no training part.
    """
    path, known = folder / _ARCHIVE, inventory("culotta_wiki")
    for page, html in _paragraphs(path):
        if split_of(page) != split:
            continue
        try:
            document = _document(page, html, split)
        except KeyError as error:
            raise DataError(f"{path}: {page}: unknown relation {error}") from error
        if document is not None:
            for window in cut(document):
                if window.relations:
                    yield OpenRecord(window, known, page, commercial=False)


def _paragraphs(path: Path) -> Iterator[tuple[str, str]]:
    """The name of the page and the HTML of every paragraph."""
    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile(_MEMBER)
            if member is None:
                raise DataError(f"{path}: {_MEMBER} is no file")
            text = member.read().decode("utf-8")
    except (OSError, tarfile.TarError, KeyError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    page = ""
    for line in text.split("\n"):
        if line.startswith("url="):
            page = unquote(line.strip().rpartition(_PAGE)[2])
        elif line.strip():
            yield page, line.strip()


class _Links(HTMLParser):
    """The text of a paragraph, without notes, and its links with their relations."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.links: list[tuple[Span, str]] = []
        self._opened: tuple[int, str] | None = None
        self._notes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "sup":
            self._notes += 1
        elif tag == "a" and not self._notes:
            self._opened = (len(self.text), dict(attrs).get("relation") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "sup":
            self._notes = max(0, self._notes - 1)
        elif tag == "a" and self._opened is not None:
            begin, relation = self._opened
            piece = self.text[begin:]
            if piece.strip():
                start = begin + len(piece) - len(piece.lstrip())
                self.links.append(((start, start + len(piece.strip())), relation))
            self._opened = None

    def handle_data(self, data: str) -> None:
        if not self._notes:
            self.text += re.sub(r"\s+", " ", data)


def _document(page: str, html: str, split: str) -> Document | None:
    """The paragraph with pairs of the person and every link; None if the person is not named."""
    known, parser = inventory("culotta_wiki"), _Links()
    parser.feed(html)
    parser.close()
    links = dict(parser.links)
    people = _named(parser.text, page, links)
    if not people or not links:
        return None
    spans = sorted([*people, *links])
    index = {span: k for k, span in enumerate(spans)}
    relations = []
    for span, code in links.items():
        # Of several mentions of the person, the nearest one is used in the pair.
        person = min(people, key=lambda place: abs(place[0] - span[0]))
        word = known.relation_of[code] if code else NONE
        relations.append(Relation(word, index[person], index[span]))
    return Document(
        text=parser.text.rstrip(),
        corpus="culotta_wiki",
        split=split,
        ontology=known.name,
        relations=tuple(relations),
        pair_mentions=tuple(Mention(*span, "person" if span in people else "") for span in spans),
    )


def _named(text: str, page: str, links: dict[Span, str]) -> list[Span]:
    """Mentions of the person of `page` outside links: full name, surname or pronoun."""
    name = _BRACKET.sub("", page.replace("_", " "))
    found: list[Span] = []
    # Charles of Denmark has no surname.
    surname = name if " of " in name else name.split()[-1]
    for pattern in (re.escape(name), rf"\b{re.escape(surname)}\b", _PRONOUN.pattern):
        for match in re.finditer(pattern, text):
            span = match.span()
            if not any(a < span[1] and span[0] < b for a, b in [*links, *found]):
                found.append(span)
    return found
