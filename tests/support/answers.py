"""Prompts of every kind for tests of the grammars, and random answers to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from tasks import form
from tasks.automaton import Automaton, Symbol
from tasks.form import Filler, Form, Opening
from tasks.instruction import Prompter, Wording
from tasks.label_first import LabelFirstAutomaton
from tasks.records import Record, Region, Span
from tasks.source import Source
from tasks.span_first import SpanFirstAutomaton
from tasks.state import State
from tasks.tokenizer import Tokenizer
from tests.support.cased import byte_tokenizer, metaspace_tokenizer
from tests.support.tokenizer import tiny_tokenizer

FORMS = (form.ENTITIES, form.GROUNDED, form.PAIR, form.JOINT, form.TRIGGERS, form.ARGUMENTS)
ALL_FORMS = (*FORMS, form.CHOICE, form.GROUNDED_CHOICE)
"""All forms, with those that only the span-first grammar has."""

TOKENIZERS: dict[str, Tokenizer] = {
    "wordpiece": tiny_tokenizer(("the", "new", "##ing", "person", "place", "of")),
    "bytes": byte_tokenizer(),
    "metaspace": metaspace_tokenizer(),
}
WORDING = Wording("Give the text: ", "Please extract:")
LABELS = ("person", "place of birth", "place of residence", "place", "region", "O", "none", "the")

LINE_BREAKS = set("\n\r\v\f\x85\u2028\u2029")

FRAGMENTS = (
    *("Kyrie", "Irving", "the", "the", "New", "York", "O3", "O12", "a", "don't", "@u_1", "..."),
    *("👨‍👩‍👧", "👍🏽", "🇩🇪🇫🇷", "❤️", "1️⃣", "🏴\U000e0067\U000e007f", "\u200d", "\ufe0f"),
    *("e\u0301", "\u0301", "é", "कि", "क्ष", "น้ำ", "ไทย", "日本語", "カ\u3099", "서울", "می\u200cخ"),
    *("[SEP]", "[unused0]", "[PAD]", "<extra_id_0>", "</s>", "<pad>", "<spot>", "▁"),
    *(" ", " ", " ", " ", "  ", "\n", "\t", "\u3000", "\u200b", "\u00ad", "\x00"),
)
"""Words, emoji, marks, scripts without spaces, texts of markers, spaces of all kinds."""


def texts(most: int = 9) -> st.SearchStrategy[str]:
    """Return a strategy for texts of these fragments."""
    return st.lists(st.sampled_from(FRAGMENTS), max_size=most).map("".join)


def encode(
    tokenizer: Tokenizer,
    text: str,
    spots: Sequence[str] = (),
    asocs: Sequence[str] = (),
    separator: str = " ",
) -> Source:
    """Return the source of a prompt of any length."""
    return Prompter(tokenizer, 10_000, 10_000, separator).encode(text, WORDING, spots, asocs)


def admissible_spans(source: Source) -> list[tuple[int, int]]:
    """Return all ranges of pieces that a span can be, by exhaustive search."""
    pieces = source.pieces
    return [
        (first, stop)
        for first in range(len(pieces))
        for stop in range(first + 1, len(pieces) + 1)
        if pieces[first].opens
        and pieces[stop - 1].closes
        and pieces[stop - 1].position - pieces[first].position == stop - 1 - first
        and any(char.isalnum() for char in source.text[pieces[first].start : pieces[stop - 1].end])
        and not set(source.text[pieces[first].start : pieces[stop - 1].end]) & LINE_BREAKS
    ]


def automaton_of(
    tokenizer: Tokenizer,
    shape: Form,
    text: str,
    spots: Sequence[str] = ("person", "place"),
    asocs: Sequence[str] = ("region", "none"),
    regions: Sequence[int] = (),
    *,
    ordered: bool = True,
) -> Automaton:
    """Return the automaton of a prompt that is not about a pair."""
    source = encode(tokenizer, text, spots, asocs)
    return LabelFirstAutomaton(source, shape, tokenizer.markers, regions=regions, ordered=ordered)


@st.composite
def automata(
    draw: st.DrawFn, *, ordered: bool = True, text: st.SearchStrategy[str] | None = None
) -> Automaton:
    """Automata of all forms over all tokenizers. The mentions of a pair are any two spans."""
    tokenizer = TOKENIZERS[draw(st.sampled_from(sorted(TOKENIZERS)))]
    labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True)
    separator = draw(st.sampled_from(("", " ")))
    source = encode(
        tokenizer, draw(texts() if text is None else text), draw(labels), draw(labels), separator
    )
    spans = admissible_spans(source)
    shape = draw(st.sampled_from([f for f in FORMS if spans or f is not form.PAIR]))
    regions = draw(st.lists(st.sampled_from((1, 2, 3, 12, 36)), max_size=3, unique=True))
    pair = draw(st.tuples(*[st.sampled_from(spans)] * 2)) if shape is form.PAIR else (None, None)
    return LabelFirstAutomaton(
        source,
        shape,
        tokenizer.markers,
        regions=regions,
        head=pair[0],
        tail=pair[1],
        ordered=ordered,
    )


@st.composite
def span_first_automata(draw: st.DrawFn) -> SpanFirstAutomaton:
    """Span-first automata of all forms; a bare item may have a trigger."""
    tokenizer = TOKENIZERS[draw(st.sampled_from(sorted(TOKENIZERS)))]
    labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3, unique=True)
    source = encode(tokenizer, draw(texts()), draw(labels), draw(labels))
    spans = admissible_spans(source)
    given = {Opening.HEAD, Opening.GIVEN}
    shape = draw(st.sampled_from([f for f in ALL_FORMS if spans or f.opening not in given]))
    regions = draw(st.lists(st.sampled_from((1, 2, 3, 12, 36)), max_size=3, unique=True))
    head = tail = None
    if spans and (shape.opening in given or (shape is form.ARGUMENTS and draw(st.booleans()))):
        head = draw(st.sampled_from(spans))
    if shape is form.PAIR:
        tail = draw(st.sampled_from(spans))
    return SpanFirstAutomaton(
        source, shape, tokenizer.markers, regions=regions, head=head, tail=tail
    )


def longest_answer(automaton: Automaton) -> int:
    """Return an upper bound on the symbols of an ordered answer."""
    pieces = len(automaton.source.pieces)
    spot = max((len(s) for s in automaton.spots), default=0)
    role = max((len(s) for s in automaton.roles), default=0)
    region = max((len(s) for s in automaton.regions.values()), default=0)
    links = len(automaton.roles) * (pieces + len(automaton.regions))
    if automaton.form.one_asoc:
        links = min(links, 1)
    link = 3 + role + max(pieces, region)
    # no piece is in two spans, so there are no more items than pieces
    items = 1 if automaton.form.single else pieces
    return 3 + pieces + items * (3 + spot + links * link)


def walk(
    automaton: Automaton, seed: int, limit: int, *, long: bool = False
) -> tuple[list[Symbol], State]:
    """Choose admitted symbols at random until the answer is complete.

    With `long` the closing bracket is chosen only if it is the only option. Stops at `limit`
    symbols. Asserts that a state that is not done has an option.
    """
    generator = random.Random(seed)
    closing = Symbol(automaton.markers.close)
    state, symbols = automaton.start(), []
    while not state.done and len(symbols) < limit:
        admitted = automaton.admitted(state)
        assert admitted
        assert len(set(admitted)) == len(admitted)
        continuing = [symbol for symbol in admitted if symbol != closing]
        symbols.append(generator.choice(continuing if long and continuing else admitted))
        state = automaton.advance(state, symbols[-1])
    assert automaton.admitted(state) == [] or not state.done
    return symbols, state


def check(automaton: Automaton, records: Sequence[Record]) -> None:
    """Assert that `records` contain options of the prompt only, in an admitted order."""
    source = automaton.source
    spots = {label.name for label in source.spots}
    roles = {label.name for label in source.asocs}
    for record in records:
        assert (record.label is None) == (automaton.form.opening is Opening.HEAD)
        assert record.label is None or record.label in spots
        assert (record.span is None) == (automaton.form.opening is Opening.BARE)
        for span in (record.span, *(asoc.filler for asoc in record.asocs)):
            if isinstance(span, Span):
                assert span.text == source.text[span.start : span.end] != ""
                assert span.text == span.text.strip()
                assert span.start is not None and span.end is not None
                assert source.locate(span.start, span.end) is not None
        assert len(record.asocs) <= 1 or not automaton.form.one_asoc
        for asoc in record.asocs:
            assert asoc.label in roles
            if isinstance(asoc.filler, Region):
                assert Filler.REGION in automaton.form.fillers
                assert asoc.filler.index in automaton.regions
            else:
                assert automaton.form.fillers & {Filler.SPAN, Filler.TAIL}
    assert do_not_overlap(records) or not automaton.ordered


def do_not_overlap(records: Sequence[Record]) -> bool:
    """Whether every span starts at or behind the end of the previous one."""
    spans = [record.span for record in records if record.span is not None]
    places = [(span.start or 0, span.end or 0) for span in spans]
    return all(end <= start for (_, end), (start, _) in pairwise(places))


def balanced(automaton: Automaton, tokens: Sequence[int]) -> bool:
    """Whether the brackets balance at the end of `tokens` and not before."""
    depth, opened, closed = 0, automaton.markers.open, automaton.markers.close
    for index, token in enumerate(tokens):
        depth += (token == opened) - (token == closed)
        if depth == 0 and index < len(tokens) - 2:
            return False
    return depth == 0 and tokens[-1] == automaton.markers.eos


def spelled(automaton: Automaton, records: Sequence[Record]) -> list[object]:
    """Return `records` as ids, sorted: equal if only copied positions differ."""
    return sorted(
        (
            record.label or "",
            _ids(automaton, record.span),
            sorted((asoc.label, _ids(automaton, asoc.filler)) for asoc in record.asocs),
        )
        for record in records
    )


def _ids(automaton: Automaton, filler: Span | Region | None) -> list[int]:
    if filler is None:
        return []
    if isinstance(filler, Region):
        return [symbol.token for symbol in automaton.regions[filler.index]]
    assert filler.start is not None and filler.end is not None
    pieces = automaton.source.locate(filler.start, filler.end)
    assert pieces is not None
    return [symbol.token for symbol in automaton.copy(pieces)]
