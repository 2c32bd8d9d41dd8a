"""What the model is asked and what it should say: one prompt of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.automaton import Automaton
from tasks.form import Form
from tasks.instruction import Prompter, Wording
from tasks.records import Record
from tasks.span_first import SpanFirstAutomaton
from tasks.target import Step, target_of, trace


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture as training sees it: its row in the feature store and the regions it offers.

    `matched` says that the text is about the picture; distractors are not.
    """

    row: int
    regions: tuple[int, ...]
    matched: bool = True


@dataclass(frozen=True, slots=True)
class Exercise:
    """A prompt with its answer.

    `weight` multiplies the loss of its decisions. `alike` names the regions that are as right as a
    region of the answer: proposals overlap, and several show the same thing. `descriptions` say in
    a sentence what some of the labels mean.
    """

    text: str
    wording: Wording
    form: Form
    records: tuple[Record, ...]
    spots: tuple[str, ...] = ()
    asocs: tuple[str, ...] = ()
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    sight: Sight | None = None
    weight: float = 1.0
    alike: Mapping[int, frozenset[int]] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spelled:
    """An exercise in ids: the source, and the target from its first token on."""

    ids: tuple[int, ...]
    cases: tuple[int, ...]
    tokens: tuple[int, ...]
    sight: Sight | None


@dataclass(frozen=True, slots=True)
class Encoded(Spelled):
    """An exercise in ids with its decisions: for every step what was admitted and what was said."""

    steps: tuple[Step, ...]
    weight: float
    alike: Mapping[int, frozenset[int]]

    def right(self, step: Step) -> list[int]:
        """The admitted symbols of a step that are right."""
        said = step.admitted[step.said]
        alike = self.alike.get(said.region, frozenset()) if said.region else frozenset()
        return [i for i, s in enumerate(step.admitted) if i == step.said or s.region in alike]


def encode(exercise: Exercise, prompter: Prompter) -> Encoded | None:
    """The exercise in ids, cut behind its last decision; None where a pair's span cannot be copied.

    Raises `TextTooLong` and `LabelError` as the prompter does.
    """
    return _traced(exercise, _automaton(exercise, prompter, ordered=True))


def encode_span_first(exercise: Exercise, prompter: Prompter) -> Encoded | None:
    """`encode` for weights that write spans before types."""
    return _traced(exercise, _automaton(exercise, prompter, ordered=True, span_first=True))


def _traced(exercise: Exercise, automaton: Automaton | None) -> Encoded | None:
    if automaton is None:
        return None
    symbols = target_of(automaton, exercise.records)
    steps = trace(automaton, symbols)
    decisions = [i for i, step in enumerate(steps) if len(step.admitted) > 1]
    if not decisions:
        return None
    stop = decisions[-1] + 1
    return Encoded(
        ids=automaton.source.ids,
        cases=automaton.source.cases,
        tokens=tuple(symbol.token for symbol in symbols[:stop]),
        sight=exercise.sight,
        steps=tuple(steps[:stop]),
        weight=exercise.weight,
        alike=exercise.alike,
    )


def spell(exercise: Exercise, prompter: Prompter) -> Spelled | None:
    """The exercise in ids, its target whole; None where a pair's span cannot be copied.

    Raises as `encode` does. Spans may overlap: weights that score bare tokens are decoded so.
    """
    automaton = _automaton(exercise, prompter, ordered=False)
    if automaton is None:
        return None
    tokens = tuple(symbol.token for symbol in target_of(automaton, exercise.records))
    source = automaton.source
    return Spelled(source.ids, source.cases, tokens, exercise.sight)


def _automaton(
    exercise: Exercise, prompter: Prompter, *, ordered: bool, span_first: bool = False
) -> Automaton | None:
    source = prompter.encode(
        exercise.text,
        exercise.wording,
        exercise.spots,
        exercise.asocs,
        descriptions=exercise.descriptions,
    )
    head = source.locate(*exercise.head) if exercise.head else None
    tail = source.locate(*exercise.tail) if exercise.tail else None
    if (exercise.head and head is None) or (exercise.tail and tail is None):
        return None
    regions = exercise.sight.regions if exercise.sight else ()
    markers = prompter.tokenizer.markers
    if span_first:
        return SpanFirstAutomaton(
            source, exercise.form, markers, regions=regions, head=head, tail=tail
        )
    return Automaton(
        source, exercise.form, markers, regions=regions, head=head, tail=tail, ordered=ordered
    )
