from __future__ import annotations

import random

from training.text.names import NamePool, is_held_out, name_pool

POOL = NamePool(("Tom", "Max"), ("Eva",), ("Stone", "Brook"))


def test_no_name_is_for_training_and_for_testing() -> None:
    train, test = name_pool(held_out=False), name_pool(held_out=True)
    for kind in ("male", "female", "surname"):
        ours, theirs = set(getattr(train, kind)), set(getattr(test, kind))
        assert not ours & theirs
        assert 0.04 < len(theirs) / len(ours | theirs) < 0.2
        assert len(theirs) > 5


def test_a_name_in_two_lists_is_held_out_of_both() -> None:
    """Roger is a given name, Rogers a surname, Taylor both."""
    train, test = name_pool(held_out=False), name_pool(held_out=True)
    ours = {*train.male, *train.female, *train.surname}
    assert not ours & {*test.male, *test.female, *test.surname}


def test_names_of_organizations_and_places_are_parted_too() -> None:
    found = {f"Company {k}" for k in range(200)}
    pools = [name_pool(held_out=h, organizations=found, locations=found) for h in (True, False)]
    for kind in ("organization", "location"):
        test, train = (set(getattr(pool, kind)) for pool in pools)
        assert test | train == found and not test & train
        assert 5 < len(test) < 40


def test_what_is_held_out_never_changes() -> None:
    """A trained model's unseen names are to stay unseen."""
    names = ("Betty", "Eileen", "Collins", "Laurent", "Smith")
    assert [name for name in names if is_held_out(name)] == ["Betty", "Laurent"]


def test_a_person_has_a_name_of_their_gender() -> None:
    def given(gender: str) -> set[str]:
        names = (POOL.person(gender, random.Random(seed)).split() for seed in range(300))
        return {name[0] for name in names} - set(POOL.surname)

    assert given("male") == {"Tom", "Max"} and given("female") == {"Eva"}
    assert given("any") == {"Tom", "Max", "Eva"}


def test_names_are_long_and_short() -> None:
    said = {POOL.person("female", random.Random(seed)) for seed in range(300)}
    assert {"Eva", "Stone", "Eva Stone", "Eva Stone Brook"} <= said
    assert any(len(name.split()) == 3 and name.split()[1].endswith(".") for name in said)
