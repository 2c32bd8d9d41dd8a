from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.engine.alternatives import with_alternatives
from tasks.records import Alternative, Record, Span

LABELS = ("person", "place", "team", "film")
ANN, BOB = Span("Ann", 0, 3), Span("Bob", 4, 7)


def test_the_next_likely_labels_are_told_the_likeliest_first() -> None:
    records = [Record("place", ANN), Record("person", BOB)]
    decisions = [(0.1, 0.6, 0.05, 0.25), (0.97, 0.01, 0.01, 0.01)]
    ann, bob = with_alternatives(records, decisions, LABELS, 2)
    assert ann.alternatives == (Alternative("film", 0.25), Alternative("person", 0.1))
    assert [other.label for other in bob.alternatives] == ["place", "team"]
    assert (ann.label, ann.span, bob.label) == ("place", ANN, "person")
    assert [record.unscored() for record in (ann, bob)] == records


def test_one_label_has_no_alternatives() -> None:
    records = (Record("person", ANN),)
    assert with_alternatives(records, [], ["person"], 3) == records


def test_an_unfinished_item_is_left_out() -> None:
    (found,) = with_alternatives([Record("person", ANN)], [(0.9, 0.1)] * 2, LABELS[:2], 3)
    assert found.alternatives == (Alternative("place", 0.1),)


def test_rounding_does_not_change_the_order() -> None:
    records = [Record("film", ANN)]
    answers = [
        with_alternatives(records, [(0.2, 0.2 + tiny, 0.2, 0.4)], LABELS, 3)[0].alternatives
        for tiny in (-1e-8, 0.0, 1e-8)
    ]
    assert {tuple(other.label for other in found) for found in answers} == {
        ("person", "place", "team")
    }


@given(
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.sampled_from(LABELS),
    st.integers(0, 5),
)
def test_alternatives_are_other_labels_in_falling_order(
    decision: list[float], label: str, most: int
) -> None:
    (found,) = with_alternatives([Record(label, ANN)], [decision], LABELS, most)
    told = [other.label for other in found.alternatives]
    assert len(told) == min(most, len(LABELS) - 1) == len(set(told))
    assert label not in told
    scores = [round(other.score, 6) for other in found.alternatives]
    assert scores == sorted(scores, reverse=True)
