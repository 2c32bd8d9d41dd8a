from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.extraction import ArgumentFound, EntityFound, EventFound, TriggerFound
from service.pipeline.argument_entities import ArgumentEntities, head_of

TEXT = "the actor Tom Hanks, the president of France and Tom met in Paris, France"


def entity(text: str, number: int = 0, score: float = 0.5, at: int | None = None) -> EntityFound:
    start = TEXT.index(text) if at is None else at
    return EntityFound(
        id=number,
        text=text,
        start=start,
        end=start + len(text),
        type="any",
        score=score,
        regions=[f"O{number + 1}"],
    )


def argument(text: str, role: str = "who", score: float = 0.5) -> ArgumentFound:
    start = TEXT.index(text)
    return ArgumentFound(
        role=role, text=text, start=start, end=start + len(text), region=None, score=score
    )


def region(name: str, role: str = "who", score: float = 0.5) -> ArgumentFound:
    return ArgumentFound(role=role, text=None, start=None, end=None, region=name, score=score)


def linked(entities: list[EntityFound], *arguments: ArgumentFound) -> list[ArgumentFound]:
    trigger = TriggerFound(text="met", start=53, end=56)
    event = EventFound(type="meet", trigger=trigger, score=0.5, arguments=list(arguments))
    return ArgumentEntities(entities).linked(event).arguments


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("Tom Hanks", "Hanks"),
        ("the president of France", "president"),
        ("Paris, France", "Paris"),
        ("Biden's", "Biden's"),
        ("the U.S.", "U.S."),
        ("Ursula von der Leyen", "Leyen"),
        ("New-York-based firm (Acme)", "firm (Acme)"),
        ("東京都", "東京都"),
        ("...", "..."),
    ],
)
def test_the_head_is_the_last_word_before_a_comma_or_a_preposition(name: str, head: str) -> None:
    assert name[head_of(name) :].startswith(head)
    assert head_of(name) == name.index(head)


@pytest.mark.parametrize(
    ("named", "said", "same"),
    [
        ("Tom Hanks", "Tom Hanks", True),
        ("Tom Hanks", "the actor Tom Hanks", True),
        ("the actor Tom Hanks", "Tom Hanks", True),
        ("Paris", "Paris, France", True),
        ("France", "the president of France", False),
        ("Tom", "Tom Hanks", False),
        ("Paris", "Tom Hanks", False),
    ],
)
def test_an_argument_has_the_entity_with_its_head(named: str, said: str, same: bool) -> None:
    (found,) = linked([entity(named, 3)], argument(said))
    assert found.entity == (3 if same else None)
    assert found.regions == (["O4"] if same else [])
    assert found.region is None


def test_the_same_span_goes_before_one_with_the_same_head() -> None:
    start = TEXT.index("the actor")
    named = [entity("the actor Tom Hanks", 0, 0.9, start), entity("Tom Hanks", 1, 0.1)]
    (found,) = linked(named, argument("Tom Hanks"))
    assert found.entity == 1


def test_of_nested_arguments_that_of_an_entity_is_kept() -> None:
    long, short = argument("the actor Tom Hanks", score=0.9), argument("Tom Hanks", score=0.1)
    (found,) = linked([entity("Tom Hanks", 2)], long, short)
    assert (found.text, found.entity) == ("Tom Hanks", 2)


@pytest.mark.parametrize("scores", [(0.9, 0.1), (0.1, 0.9)])
def test_of_nested_arguments_without_an_entity_the_longer_is_kept(
    scores: tuple[float, float],
) -> None:
    names = ("Tom Hanks", "the actor Tom Hanks")
    given = [argument(name, score=score) for name, score in zip(names, scores, strict=True)]
    assert [found.text for found in linked([], *given)] == ["the actor Tom Hanks"]


def test_arguments_of_other_roles_stay() -> None:
    given = [argument("Tom Hanks"), argument("the actor Tom Hanks", "where"), argument("Paris")]
    assert [found.text for found in linked([], *given)] == [a.text for a in given]


def test_a_region_is_kept_once_for_each_role() -> None:
    given = [region("O2", score=0.1), region("O2", score=0.6), region("O2", "where"), region("O3")]
    found = linked([entity("Paris")], *given)
    assert [(a.role, a.region, a.score) for a in found] == [
        ("who", "O2", 0.6),
        ("where", "O2", 0.5),
        ("who", "O3", 0.5),
    ]
    assert [a.regions for a in found] == [["O2"], ["O2"], ["O3"]]
    assert {a.entity for a in found} == {None}


SPANS = st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda s: TEXT[s[0] : s[0] + s[1]])


@given(st.lists(SPANS, max_size=6), st.lists(SPANS, max_size=6))
def test_no_argument_is_within_another_of_its_role(names: list[str], said: list[str]) -> None:
    named = sorted(map(entity, names), key=lambda e: (e.start or 0, e.end or 0))
    given_arguments = [argument(text) for text in said]
    found = linked(named, *given_arguments)
    spans = [(a.start or 0, a.end or 0) for a in found]
    for i, (start, end) in enumerate(spans):
        assert not any(a <= start and end <= b for a, b in spans[:i] + spans[i + 1 :])
    assert bool(found) == bool(said)
    assert linked(named, *found) == found
