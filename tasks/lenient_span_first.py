"""A lenient parser for answers of unconstrained decoding, in the span-first order.

The grammar is that of `tasks.span_first`. No marker separates a label or role from the filler
behind it, so the schema decides where the filler starts. Without a schema it starts with the first
words that occur in the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp
from typing import NamedTuple

from tasks.aligner import Aligner
from tasks.form import Opening
from tasks.lenient_parser import NULL, LenientParser
from tasks.records import Asoc, Record, Span

_Names = dict[tuple[int, ...] | str, str]


class _Run(NamedTuple):
    """The tokens between two markers, their log-probabilities, and that of the second marker."""

    ids: tuple[int, ...]
    logps: tuple[float, ...]
    marker: float

    def before(self, cut: int) -> _Run:
        """Return the first `cut` tokens."""
        return _Run(self.ids[:cut], self.logps[:cut], 0.0)

    def behind(self, cut: int) -> _Run:
        """Return all but the first `cut` tokens, and the marker."""
        return _Run(self.ids[cut:], self.logps[cut:], self.marker)

    @property
    def logp(self) -> float:
        """The log-probability of the tokens and the marker together."""
        return sum(self.logps) + self.marker


class SpanFirstLenientParser(LenientParser):
    """Parses unconstrained answers to one prompt; arguments as in `LenientParser`."""

    def read(self, ids: Sequence[int], logps: Sequence[float]) -> tuple[Record, ...]:
        """Parse an answer; arguments and scores as in `LenientParser.read`."""
        aligner = Aligner(self._source.text)
        items = self._runs(ids, logps)
        found = (self._item(item, aligner) for item in items)
        return tuple(record for record in found if record is not None)

    def _runs(self, ids: Sequence[int], logps: Sequence[float]) -> list[list[_Run]]:
        """The runs of each item, split at colons; tokens before the first bracket are ignored."""
        markers = self._tokenizer.markers
        items: list[list[_Run]] = []
        runs: list[_Run] = []
        pending: list[tuple[int, float]] = []
        opened = False
        for token, logp in [*zip(ids, logps, strict=True), (markers.close, 0.0)]:
            if not opened or token == markers.open:
                opened = opened or token == markers.open
                continue
            if token not in (markers.colon, markers.close, markers.eos):
                pending.append((token, logp))
                continue
            runs.append(_Run(tuple(t for t, _ in pending), tuple(p for _, p in pending), logp))
            pending = []
            if token == markers.colon:
                continue
            if len(runs) == 1 and not runs[0].ids:  # the bracket that ends the answer
                break
            items.append(runs)
            runs = []
            if token == markers.eos or self._form.single:
                break
        return items

    def _item(self, runs: list[_Run], aligner: Aligner) -> Record | None:
        opening = self._form.opening
        if opening is Opening.HEAD:
            return self._pair(runs, aligner)
        span, logp = None, 0.0
        if opening is not Opening.BARE:
            text = self._text(runs[0].ids)
            if not text or len(runs) == 1:
                return None
            span, logp, runs = runs[0], runs[0].logp, runs[1:]
        parts = self._split(runs[0], self._spots, last=len(runs) == 1)
        if parts is None:
            return None
        label, name, rest = parts
        # the last marker closes the item, so its probability counts for the item
        logp += name.logp + runs[-1].marker
        asocs = tuple(self._links(rest, runs[1:], aligner))
        mention = self._mention(span, label, aligner) if span is not None else None
        return Record(label, mention, asocs, exp(logp))

    def _links(self, filler: _Run, runs: list[_Run], aligner: Aligner) -> Iterator[Asoc]:
        """The asocs: each run is the role of the filler before it, then the next filler."""
        for index, run in enumerate(runs):
            parts = self._split(run, self._roles, last=index == len(runs) - 1)
            if parts is None:
                filler = filler.before(0)
                continue
            role, name, rest = parts
            if self._text(filler.ids):
                region = self._region_of.get(filler.ids)
                if region is not None and region.index not in self._regions:
                    region = None
                target = region or self._mention(filler, f"role {role}", aligner)
                yield Asoc(role, target, exp(filler.logp + name.logp))
            filler = rest

    def _pair(self, runs: list[_Run], aligner: Aligner) -> Record | None:
        """The record of a pair: a head, a role of the schema, and a tail."""
        run = runs[0]
        for first in range(1, len(run.ids) - 1):
            parts = self._split(run.behind(first), self._roles, last=False)
            if parts is None or not self._roles:
                continue
            role, name, tail = parts
            head = self._mention(run.before(first), "", aligner)
            filler = self._mention(tail, f"role {role}", aligner)
            asoc = Asoc(role, filler, exp(name.logp + sum(tail.logps)))
            return Record(None, head, (asoc,), exp(sum(run.logps[:first]) + run.marker))
        return None

    def _split(self, run: _Run, names: _Names, *, last: bool) -> tuple[str, _Run, _Run] | None:
        """Split a run into the longest name that it starts with, and the rest.

        Only in the `last` run of an item the rest may be empty.

        Returns:
            The name, its tokens and the rest; None if the run starts with no name.
        """
        cuts = range(1, len(run.ids) + last)
        for cut in reversed(cuts) if names or last else cuts:
            name = self._name(run.ids[:cut], names)
            rest = run.ids[cut:]
            if name and (names or not rest or rest in self._region_of or self._occurrences(rest)):
                return name, run.before(cut), run.behind(cut)
        return None

    def _name(self, ids: tuple[int, ...], names: _Names) -> str | None:
        text = self._text(ids)
        return (names.get(ids) or names.get(text)) if names else text

    def _mention(self, run: _Run, label: str, aligner: Aligner) -> Span:
        return aligner.align(self._text(run.ids), label, self._occurrences(run.ids))

    def _text(self, ids: tuple[int, ...]) -> str:
        text = self._tokenizer.decode(list(ids)).strip() if ids else ""
        return "" if text == NULL else text
