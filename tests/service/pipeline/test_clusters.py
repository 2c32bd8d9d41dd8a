from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pipeline.clusters import Mention, clusters_of, is_person


def clusters(*names: str, type_: str = "person") -> list[list[str]]:
    mentions = [Mention(name, type_, is_person(type_)) for name in names]
    return [[names[number] for number in found] for found in clusters_of(mentions)]


def test_the_same_name_is_one_thing() -> None:
    assert clusters("Ann Lee", "ANN LEE", "Ann Lee's", "Dr. Ann Lee") == [
        ["Ann Lee", "ANN LEE", "Ann Lee's", "Dr. Ann Lee"]
    ]


def test_a_surname_is_a_short_form() -> None:
    assert clusters("Ursula von der Leyen", "von der Leyen", "Leyen", "Ursula") == [
        ["Ursula von der Leyen", "von der Leyen", "Leyen", "Ursula"]
    ]


def test_a_short_form_of_two_people_stays_alone() -> None:
    assert clusters("Ann Smith", "Bob Smith", "Smith") == [["Ann Smith"], ["Bob Smith"], ["Smith"]]


@pytest.mark.parametrize(
    "names",
    [
        ("European Central Bank", "ECB"),
        ("the Bank of England", "BE"),
        ("Apple Inc.", "Apple"),
        ("The Beatles", "Beatles"),
    ],
)
def test_organizations_by_initials_articles_and_legal_forms(names: tuple[str, str]) -> None:
    assert clusters(*names, type_="organization") == [list(names)]


def test_part_of_a_place_name_is_another_place() -> None:
    assert clusters("New York", "York", type_="location") == [["New York"], ["York"]]


def test_types_keep_things_apart() -> None:
    mentions = [Mention("Paris", "location", False), Mention("Paris", "person", True)]
    assert clusters_of(mentions) == [[0], [1]]


def test_a_fine_type_is_one_of_people_by_its_parent() -> None:
    assert is_person("politician", "person") and is_person("PER") and not is_person("politician")


@given(
    st.lists(st.sampled_from(["Ann", "Ann Lee", "Lee", "Bob Lee", "ann lee", "", "."]), max_size=9)
)
def test_every_mention_is_in_one_cluster_whatever_the_order(names: list[str]) -> None:
    found = clusters(*names)
    assert sorted(name for part in found for name in part) == sorted(names)
    turned = clusters(*reversed(names))
    assert {frozenset(part) for part in found} == {frozenset(part) for part in turned}


def test_many_people_of_one_surname_cost_no_more_than_their_number() -> None:
    names = ["Smith", *(f"Ann{number} Smith" for number in range(20_000))]
    found = clusters(*names)
    assert len(found) == len(names)
