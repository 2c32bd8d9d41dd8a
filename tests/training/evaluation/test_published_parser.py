from __future__ import annotations

import pytest

from training.evaluation.published_parser import (
    ParsedTarget,
    SpotAsoc,
    TargetFormat,
    TargetKind,
    parse_published,
    published_target,
)

TYPES, ROLES = ("person", "place of birth", "couple"), ("target", "place")


def spelled(short: str) -> str:
    """A target string of one with ( ) : for the markers."""
    markers = {"(": "<extra_id_0>", ")": "<extra_id_1>", ":": "<extra_id_5>", "~": "<extra_id_6>"}
    return "".join(markers.get(char, char) for char in short)


def parsed(short: str, layout: TargetFormat = "entity", *, prediction: bool = True) -> ParsedTarget:
    return parse_published(spelled(short), layout, TYPES, ROLES, prediction=prediction)


@pytest.mark.parametrize(
    ("short", "spots"),
    [
        ("((person: Ada)(place of birth: Oslo))", [("person", "Ada"), ("place of birth", "Oslo")]),
        ("junk ((person: Ada)) tail", [("person", "Ada")]),
        ("((person: Ada))((person: Bob))", [("person", "Ada")]),
        ("((person: Ada)(dog: Rex))", [("person", "Ada")]),
        ("((person:)(person))", [("person", "")]),
        ("((person:~))", []),
        ("((person: Ada: Bob))", [("person", "<extra_id_5> Ada <extra_id_5> Bob")]),
        ("((person: Ada", [("person", "Ada")]),
        ("()", []),
    ],
)
def test_entities(short: str, spots: list[tuple[str, str]]) -> None:
    assert list(parsed(short).spots) == spots


@pytest.mark.parametrize("short", ["", "Ada", "))", ": Ada (", ")("])
def test_text_that_is_not_a_tree_has_no_items(short: str) -> None:
    assert parsed(short).nodes is None and parsed(short).spots == ()


def test_missing_brackets_are_added_and_noted() -> None:
    assert parsed("((person: Ada").fixed and not parsed("((person: Ada))").fixed
    assert parsed("((person: Ada)", prediction=False).nodes == 1


def test_gold_is_not_cut_where_it_first_balances() -> None:
    assert parsed("()(person: Ada)", prediction=False).nodes is None
    assert parsed("()(person: Ada)").nodes == 0


def test_a_relation_with_a_head_of_two_words_is_lost() -> None:
    assert parsed("((Ada(couple: Bob B)))", "relation").spots == (("couple", "Ada", "Bob B"),)
    assert parsed("((Ada A(couple: Bob B)))", "relation").spots == ()
    assert parsed("((Ada(couple:~)))", "relation").spots == ()
    assert parsed("((Ada(enemy: Bob)))", "relation").spots == ()


def test_arguments_of_an_event_with_one_word_are_lost() -> None:
    two = parsed("((place of birth(target: Ada)(place: Oslo)(age: 3)(target:~)))", "event_arg")
    assert two.spots == (("place of birth",),)
    assert two.asocs == (
        ("place of birth", "target", "Ada"),
        ("place of birth", "place", "Oslo"),
    )
    one = parsed("((person(target: Ada)))", "event_arg")
    assert one.spots == () and one.asocs == () and one.nodes == 1


ADA = SpotAsoc("Ada A", "person", (("target", "Bob"),))


@pytest.mark.parametrize(
    ("kind", "short"),
    [
        ("entity", "( ( person : Ada A ) )"),
        ("trigger", "( ( person : Ada A ) )"),
        ("arg", "( ( person ( target : Bob ) ) )"),
        ("all", "( ( person : Ada A ( target : Bob ) ) )"),
        ("relation", "( ( Ada A ( target : Bob ) ) )"),
    ],
)
def test_targets(kind: TargetKind, short: str) -> None:
    assert published_target(kind, [ADA]) == spelled(short)


@pytest.mark.parametrize("spot", [SpotAsoc("Ada", "none"), SpotAsoc("person", "person")])
def test_empty_annotations_are_left_out(spot: SpotAsoc) -> None:
    assert published_target("trigger", [spot]) == spelled("(  )")
    kept = SpotAsoc(spot.span, spot.label, (("target", "Bob"),))
    assert published_target("trigger", [kept]) != spelled("(  )")
