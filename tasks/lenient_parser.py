"""A lenient parser for answers of unconstrained decoding, in the published order.

It follows the published parser (reference section 8): tokens before the first bracket are ignored,
the answer ends where its brackets first balance, and missing closing brackets are added at the
end. Malformed items and asocs are left out, and so are those whose label is not in the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp

from tasks.aligner import Aligner
from tasks.form import Filler, Form, Opening
from tasks.linearise import region_named
from tasks.records import Asoc, Record, Region, Span
from tasks.source import Label, Source
from tasks.tokenizer import Tokenizer

NULL = "<extra_id_6>"
"""The placeholder for "nothing" in the published training data."""

_Ids = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """The tokens between two markers, and their text."""

    ids: _Ids
    text: str


@dataclass(slots=True)
class _Node:
    """A bracket: its ids, split at colons, the brackets inside it, its log-probability."""

    phrases: list[list[int]] = field(default_factory=lambda: [[]])
    children: list[_Node] = field(default_factory=list)
    logp: float = 0.0


class LenientParser:
    """Parses unconstrained answers to one prompt.

    Args:
        source: the encoded prompt.
        form: the form of the answer.
        tokenizer: the tokenizer of the prompt.
        regions: the numbers of the image's regions; other numbers are read as words.
    """

    def __init__(
        self, source: Source, form: Form, tokenizer: Tokenizer, regions: Sequence[int] = ()
    ) -> None:
        self._source, self._form, self._tokenizer = source, form, tokenizer
        self._regions = set(regions) if Filler.REGION in form.fillers else set()
        self._spots = self._names(source.spots)
        self._roles = self._names(source.asocs)
        self._region_of = {ids: Region(k) for k, ids in enumerate(tokenizer.markers.regions, 1)}

    def read(self, ids: Sequence[int], logps: Sequence[float]) -> tuple[Record, ...]:
        """Parse an answer.

        Args:
            ids: its tokens.
            logps: the log-probability of each token.

        Returns:
            The records. The score of a record is the product of the probabilities of its tokens,
            without those of its asocs; the score of an asoc is that of its own tokens.
        """
        aligner = Aligner(self._source.text)
        found = (self._record(node, aligner) for node in self._items(ids, logps))
        return tuple(record for record in found if record is not None)

    def _items(self, ids: Sequence[int], logps: Sequence[float]) -> list[_Node]:
        """The brackets inside the first outermost one."""
        markers, outermost = self._tokenizer.markers, _Node()
        inside = [outermost]
        for token, logp in zip(ids, logps, strict=True):
            if token == markers.open:
                inside.append(_Node())
                inside[-2].children.append(inside[-1])
            inside[-1].logp += logp
            if token == markers.close and len(inside) > 1:
                inside.pop()
            elif token == markers.colon:
                inside[-1].phrases.append([])
            elif token not in (markers.open, markers.close, markers.eos):
                inside[-1].phrases[-1].append(token)
            if token == markers.eos or (outermost.children and len(inside) == 1):
                break
        return outermost.children[0].children if outermost.children else []

    def _record(self, node: _Node, aligner: Aligner) -> Record | None:
        opening = self._form.opening
        parts = self._parts(node, 2 if opening is Opening.TYPED else 1)
        if not parts:
            return None
        label, span = None, None
        if opening is not Opening.HEAD:
            label = self._named(parts[0], self._spots)
            if label is None:
                return None
        if opening is not Opening.BARE:
            span = self._align(parts[-1], label or "", aligner)
        asocs = tuple(self._asocs(node, aligner))
        if opening is Opening.HEAD and not asocs:
            return None
        return Record(label, span, asocs, exp(node.logp))

    def _asocs(self, node: _Node, aligner: Aligner) -> Iterator[Asoc]:
        for child in node.children:
            parts = self._parts(child, 2)
            role = self._named(parts[0], self._roles) if parts else None
            if role is None:
                continue
            filler = self._region(parts[1]) or self._align(parts[1], f"role {role}", aligner)
            yield Asoc(role, filler, exp(child.logp))

    def _parts(self, node: _Node, count: int) -> list[_Phrase]:
        """A bracket's phrases if there are `count` and none is empty; else none."""
        phrases = [_Phrase(tuple(p), self._tokenizer.decode(p).strip()) for p in node.phrases]
        valid = len(phrases) == count and all(p.text not in ("", NULL) for p in phrases)
        return phrases if valid else []

    def _region(self, phrase: _Phrase) -> Region | None:
        region = self._region_of.get(phrase.ids) or region_named(phrase.text)
        return region if region is not None and region.index in self._regions else None

    def _align(self, phrase: _Phrase, label: str, aligner: Aligner) -> Span:
        return aligner.align(phrase.text, label, self._occurrences(phrase.ids))

    def _occurrences(self, ids: _Ids) -> list[tuple[int, int]]:
        """The offsets at which the text has these tokens: decoding can change how a word is spelt.

        They can differ from the offsets of the decoded string.
        """
        pieces, source = self._source.pieces, self._source.ids
        found = []
        for first in range(len(pieces) - len(ids) + 1):
            run = pieces[first : first + len(ids)]
            position = run[0].position
            contiguous = run[-1].position == position + len(ids) - 1
            if contiguous and source[position : position + len(ids)] == ids:
                found.append((run[0].start, run[-1].end))
        return found

    def _names(self, labels: Sequence[Label]) -> dict[_Ids | str, str]:
        names: dict[_Ids | str, str] = {}
        for label in labels:
            names[self._source.ids[label.start : label.stop]] = label.name
            names[label.name] = label.name
        return names

    def _named(self, phrase: _Phrase, names: dict[_Ids | str, str]) -> str | None:
        """The label that a phrase spells, None if there is none; any text without a schema."""
        if not names:
            return phrase.text
        return names.get(phrase.ids) or names.get(phrase.text)
