from __future__ import annotations

from tasks.document import Document, Mention
from tasks.records import Asoc, Region
from training.text.exercise import Sight
from training.text.passage import Passage, Segment, grounded, passage_of

SIGHT = Sight(4, (1, 2, 3))
PASSAGE = Passage(
    (Segment("Ann", "someone", (2, 3)), Segment(" and "), Segment("ACME", "company")),
)


def test_an_exercise_says_where_names_stand_and_what_shows_them() -> None:
    words = {"someone": "singer", "company": "firm"}
    exercise = grounded(PASSAGE, SIGHT, words, ("firm", "singer", "city"))
    assert exercise.text == "Ann and ACME" and exercise.spots == ("firm", "singer", "city")
    assert [(r.label, r.span and (r.span.text, r.span.start)) for r in exercise.records] == [
        ("singer", ("Ann", 0)),
        ("firm", ("ACME", 8)),
    ]
    assert exercise.records[0].asocs == (Asoc("region", Region(2)),)
    assert exercise.records[1].asocs == ()
    assert exercise.alike == {2: frozenset({2, 3})}
    assert exercise.sight is not None and exercise.sight.matched


def test_what_is_not_asked_for_is_not_answered() -> None:
    exercise = grounded(PASSAGE, SIGHT, {"company": "firm"}, ("firm",))
    assert [r.label for r in exercise.records] == ["firm"] and exercise.alike == {}
    assert exercise.sight is not None and not exercise.sight.matched


def test_beside_another_picture_nothing_has_a_region() -> None:
    exercise = grounded(PASSAGE.unseen(), SIGHT, {"someone": "person"}, ("person",))
    assert len(exercise.records) == 1 and exercise.records[0].asocs == ()
    assert PASSAGE.unseen().text == PASSAGE.text


def test_a_document_is_cut_at_its_mentions() -> None:
    document = Document(
        text="Ann Lee of ACME",
        corpus="x",
        split="train",
        ontology="twitter4",
        entities=(
            Mention(11, 15, "organization"),
            Mention(0, 7, "person"),
            Mention(4, 7, "person"),
        ),
    )
    passage = passage_of(document, annotated=("person", "organization"), fine=False)
    assert passage.text == document.text and passage.kinds == ("person", "organization")
    assert [(s.text, s.key) for s in passage.segments if s.kind] == [("Ann Lee", 1), ("ACME", 0)]
