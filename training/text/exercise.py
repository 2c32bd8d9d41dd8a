"""What the model is asked and what it should say: one prompt of training."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.automaton import Automaton
from tasks.form import Form
from tasks.instruction import Prompter, Wording
from tasks.records import Record
from tasks.target import Step, target_of, trace


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture as training sees it: its row in the feature store and the regions it offers."""

    row: int
    regions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Exercise:
    """A prompt with its answer. `weight` multiplies the loss of its decisions."""

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


@dataclass(frozen=True, slots=True)
class Encoded:
    """An exercise in ids: the source, and for every step what was admitted and what was said."""

    ids: tuple[int, ...]
    cases: tuple[int, ...]
    tokens: tuple[int, ...]
    steps: tuple[Step, ...]
    sight: Sight | None
    weight: float


def encode(exercise: Exercise, prompter: Prompter) -> Encoded | None:
    """The exercise in ids, cut behind its last decision; None where a pair's span cannot be copied.

    Raises `TextTooLong` and `LabelError` as the prompter does.
    """
    source = prompter.encode(exercise.text, exercise.wording, exercise.spots, exercise.asocs)
    head = source.locate(*exercise.head) if exercise.head else None
    tail = source.locate(*exercise.tail) if exercise.tail else None
    if exercise.head and (head is None or tail is None):
        return None
    regions = exercise.sight.regions if exercise.sight else ()
    automaton = Automaton(
        source, exercise.form, prompter.tokenizer.markers, regions=regions, head=head, tail=tail
    )
    symbols = target_of(automaton, exercise.records)
    steps = trace(automaton, symbols)
    decisions = [i for i, step in enumerate(steps) if len(step.admitted) > 1]
    if not decisions:
        return None
    stop = decisions[-1] + 1
    tokens = tuple(symbol.token for symbol in symbols[:stop])
    return Encoded(
        source.ids, source.cases, tokens, tuple(steps[:stop]), exercise.sight, exercise.weight
    )
