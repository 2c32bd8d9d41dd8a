"""A training example: a prompt and its target, as text and as token ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.automaton import Automaton
from tasks.form import Form
from tasks.instruction import Prompter, Wording
from tasks.label_first import LabelFirstAutomaton
from tasks.records import Record
from tasks.span_first import SpanFirstAutomaton
from tasks.target import Step, target_of, trace


@dataclass(frozen=True, slots=True)
class ExamplePicture:
    """The picture of an example: its row in the feature store and its regions' numbers.

    `matched` is False for distractors, which are unrelated to the text.
    """

    row: int
    regions: tuple[int, ...]
    matched: bool = True


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with its target records.

    `weight` multiplies the loss of its decisions. `alike` maps a target region to the regions that
    count as equally correct, since proposals overlap. `descriptions` explain some of the labels in
    a sentence.
    """

    text: str
    wording: Wording
    form: Form
    records: tuple[Record, ...]
    spots: tuple[str, ...] = ()
    asocs: tuple[str, ...] = ()
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    picture: ExamplePicture | None = None
    weight: float = 1.0
    alike: Mapping[int, frozenset[int]] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spelled:
    """An encoded example: source ids and the whole target's ids."""

    ids: tuple[int, ...]
    cases: tuple[int, ...]
    tokens: tuple[int, ...]
    picture: ExamplePicture | None


@dataclass(frozen=True, slots=True)
class Encoded(Spelled):
    """An encoded example with the admitted and the chosen symbol of every decoding step."""

    steps: tuple[Step, ...]
    weight: float
    alike: Mapping[int, frozenset[int]]

    def right(self, step: Step) -> list[int]:
        """Indices of the correct symbols among a step's admitted ones."""
        chosen = step.admitted[step.chosen]
        alike = self.alike.get(chosen.region, frozenset()) if chosen.region else frozenset()
        return [i for i, s in enumerate(step.admitted) if i == step.chosen or s.region in alike]


def encode(example: Example, prompter: Prompter) -> Encoded | None:
    """Encode an example up to its last decision.

    Returns:
        None if a pair's span cannot be copied from the source, or there is no decision.

    Raises:
        TextTooLong: if the prompt exceeds the prompter's limits.
        LabelError: if a label cannot be encoded.
    """
    return _traced(example, _automaton(example, prompter, ordered=True))


def encode_span_first(example: Example, prompter: Prompter) -> Encoded | None:
    """Like `encode`, for models that decode spans before types."""
    return _traced(example, _automaton(example, prompter, ordered=True, span_first=True))


def _traced(example: Example, automaton: Automaton | None) -> Encoded | None:
    if automaton is None:
        return None
    symbols = target_of(automaton, example.records)
    steps = trace(automaton, symbols)
    decisions = [i for i, step in enumerate(steps) if len(step.admitted) > 1]
    if not decisions:
        return None
    stop = decisions[-1] + 1
    return Encoded(
        ids=automaton.source.ids,
        cases=automaton.source.cases,
        tokens=tuple(symbol.token for symbol in symbols[:stop]),
        picture=example.picture,
        steps=tuple(steps[:stop]),
        weight=example.weight,
        alike=example.alike,
    )


def spell(example: Example, prompter: Prompter) -> Spelled | None:
    """Encode an example with its whole target.

    Spans may overlap, as in unconstrained decoding. Returns None and raises like `encode`.
    """
    automaton = _automaton(example, prompter, ordered=False)
    if automaton is None:
        return None
    tokens = tuple(symbol.token for symbol in target_of(automaton, example.records))
    source = automaton.source
    return Spelled(source.ids, source.cases, tokens, example.picture)


def _automaton(
    example: Example, prompter: Prompter, *, ordered: bool, span_first: bool = False
) -> Automaton | None:
    source = prompter.encode(
        example.text,
        example.wording,
        example.spots,
        example.asocs,
        descriptions=example.descriptions,
    )
    head = source.locate(*example.head) if example.head else None
    tail = source.locate(*example.tail) if example.tail else None
    if (example.head and head is None) or (example.tail and tail is None):
        return None
    regions = example.picture.regions if example.picture else ()
    markers = prompter.tokenizer.markers
    if span_first:
        return SpanFirstAutomaton(
            source, example.form, markers, regions=regions, head=head, tail=tail
        )
    return LabelFirstAutomaton(
        source, example.form, markers, regions=regions, head=head, tail=tail, ordered=ordered
    )
