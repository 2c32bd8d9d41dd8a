from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import form, instruction
from tasks.document import Box
from tasks.records import Asoc, Record, Region, Span
from training.evaluation import pointing
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question
from training.text.example import Example

TEXT = "Ann Lee meets Bo. Ann Lee waves"
LEFT: Box = (0.0, 0.0, 0.5, 1.0)
RIGHT: Box = (0.5, 0.0, 1.0, 1.0)
NAMES = (Record("person", Span.of(TEXT, 0, 7)), Record("person", Span.of(TEXT, 14, 16)))
QUESTION = Question(
    Example(TEXT, instruction.ENTITIES, form.GROUNDED, NAMES, ("person",), (form.REGION_ROLE,)),
    "1",
    ((LEFT,), ()),
)


def said(*entities: tuple[int, int, int | None]) -> Prediction:
    """Entities by start, end and region; region 1 is the left half, 2 the right one."""
    return Prediction(
        tuple(
            Record(
                "organization",
                Span.of(TEXT, start, end),
                () if number is None else (Asoc(form.REGION_ROLE, Region(number)),),
            )
            for start, end, number in entities
        ),
        {1: LEFT, 2: RIGHT},
    )


@pytest.mark.parametrize(
    ("answer", "right", "boxed", "left"),
    [
        (said((0, 7, 1), (14, 16, None)), 1, 1, 1),
        (said((0, 3, 1)), 1, 1, 1),  # a part of the name is enough, whatever its type
        (said((0, 7, None), (18, 25, 1)), 1, 1, 1),  # the name's second place
        (said((0, 7, 2)), 0, 1, 1),
        (said((0, 7, 9)), 0, 1, 1),  # a region that was not told
        (said((0, 7, 1), (14, 16, 2)), 1, 1, 0),
        (said((8, 13, 1)), 0, 0, 1),  # an entity beside the names
        (said(), 0, 0, 1),
    ],
)
def test_names_are_pointed_at(answer: Prediction, right: int, boxed: int, left: int) -> None:
    assert pointing.shown_right(answer, QUESTION) == {"person": Counts(right, 1, 1)}
    assert pointing.shown_boxed(answer, QUESTION) == {"person": Counts(boxed, 1, 1)}
    assert pointing.absent_left(answer, QUESTION) == {"person": Counts(left, 1, 1)}
    assert pointing.absent_boxed(answer, QUESTION) == {"person": Counts(1 - left, 1, 1)}


def test_names_that_are_found() -> None:
    assert pointing.found(said((0, 7, 1)), QUESTION) == {"person": Counts(1, 2, 2)}


def test_an_entity_that_the_text_does_not_have_stands_for_no_name() -> None:
    invented = Prediction((Record("person", Span("Cy", None, None)),))
    assert pointing.found(invented, QUESTION) == {"person": Counts(0, 2, 2)}


@given(st.integers(0, len(TEXT) - 1), st.integers(1, len(TEXT)))
def test_overlap_counts_characters(start: int, length: int) -> None:
    end = min(start + length, len(TEXT))
    found = pointing.found(said((start, end, None)), QUESTION)["person"].correct
    inside = set(range(start, end))
    names = [set(range(0, 7)) | set(range(18, 25)), set(range(14, 16))]
    assert found == sum(bool(inside & name) for name in names)
