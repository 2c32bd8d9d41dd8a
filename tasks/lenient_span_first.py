"""What can be read of an unconstrained answer in the order of our own weights.

The grammar is that of `tasks.span_first`. A label or role and the filler behind it stand side by
side, so the schema tells where one ends and the other begins; where it lists nothing, the first
words that the sentence has begin the filler.
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
    """Tokens between two markers, their log-probabilities, and that of the marker behind them."""

    ids: tuple[int, ...]
    logps: tuple[float, ...]
    marker: float

    def before(self, cut: int) -> _Run:
        """The first `cut` tokens."""
        return _Run(self.ids[:cut], self.logps[:cut], 0.0)

    def behind(self, cut: int) -> _Run:
        """All but the first `cut` tokens, and the marker."""
        return _Run(self.ids[cut:], self.logps[cut:], self.marker)

    @property
    def logp(self) -> float:
        """Of the tokens and the marker together."""
        return sum(self.logps) + self.marker


class SpanFirstLenientParser(LenientParser):
    """Reads unconstrained answers to one prompt; arguments as in `LenientParser`."""

    def read(self, ids: Sequence[int], logps: Sequence[float]) -> tuple[Record, ...]:
        """The records that `ids` spell; scores as in `LenientParser.read`."""
        aligner = Aligner(self._source.text)
        items = self._runs(ids, logps)
        found = (self._item(item, aligner) for item in items)
        return tuple(record for record in found if record is not None)

    def _runs(self, ids: Sequence[int], logps: Sequence[float]) -> list[list[_Run]]:
        """The runs of each item, which colons part; what no bracket opens is dropped."""
        markers = self._tokenizer.markers
        items: list[list[_Run]] = []
        runs: list[_Run] = []
        said: list[tuple[int, float]] = []
        opened = False
        for token, logp in [*zip(ids, logps, strict=True), (markers.close, 0.0)]:
            if not opened or token == markers.open:
                opened = opened or token == markers.open
                continue
            if token not in (markers.colon, markers.close, markers.eos):
                said.append((token, logp))
                continue
            runs.append(_Run(tuple(t for t, _ in said), tuple(p for _, p in said), logp))
            said = []
            if token == markers.colon:
                continue
            if len(runs) == 1 and not runs[0].ids:  # a bracket right behind an item's
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
        parted = self._part(runs[0], self._spots, last=len(runs) == 1)
        if parted is None:
            return None
        label, name, rest = parted
        # the last marker closes the item, whatever stands before it
        logp += name.logp + runs[-1].marker
        asocs = tuple(self._links(rest, runs[1:], aligner))
        mention = self._mention(span, label, aligner) if span is not None else None
        return Record(label, mention, asocs, exp(logp))

    def _links(self, filler: _Run, runs: list[_Run], aligner: Aligner) -> Iterator[Asoc]:
        """Asocs: each run has the role of the filler before it, and then the next filler."""
        for index, run in enumerate(runs):
            parted = self._part(run, self._roles, last=index == len(runs) - 1)
            if parted is None:
                filler = filler.before(0)
                continue
            role, name, rest = parted
            if self._text(filler.ids):
                region = self._region_of.get(filler.ids)
                offered = region is not None and region.index in self._regions
                said = region if region is not None and offered else None
                mention = said or self._mention(filler, f"role {role}", aligner)
                yield Asoc(role, mention, exp(filler.logp + name.logp))
            filler = rest

    def _pair(self, runs: list[_Run], aligner: Aligner) -> Record | None:
        """A head, a role that the schema lists, and a tail."""
        run = runs[0]
        for first in range(1, len(run.ids) - 1):
            parted = self._part(run.behind(first), self._roles, last=False)
            if parted is None or not self._roles:
                continue
            role, name, tail = parted
            head = self._mention(run.before(first), "", aligner)
            filler = self._mention(tail, f"role {role}", aligner)
            asoc = Asoc(role, filler, exp(name.logp + sum(tail.logps)))
            return Record(None, head, (asoc,), exp(sum(run.logps[:first]) + run.marker))
        return None

    def _part(self, run: _Run, names: _Names, *, last: bool) -> tuple[str, _Run, _Run] | None:
        """The name that a run begins with, its tokens and those behind it; None where it has none.

        Of names that begin alike the longest counts. But for the `last` run of an item, something
        stands behind the name.
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
