from __future__ import annotations

from tasks.document import Document, Mention
from tasks.records import Asoc, Region
from training.text.example import ExamplePicture
from training.text.passage import Passage, Segment, grounded, passage_of

PICTURE = ExamplePicture(4, (1, 2, 3))
PASSAGE = Passage(
    (Segment("Ann", "someone", (2, 3)), Segment(" and "), Segment("ACME", "company")),
)


def test_an_example_has_names_with_offsets_and_regions() -> None:
    words = {"someone": "singer", "company": "firm"}
    example = grounded(PASSAGE, PICTURE, words, ("firm", "singer", "city"))
    assert example.text == "Ann and ACME" and example.spots == ("firm", "singer", "city")
    assert [(r.label, r.span and (r.span.text, r.span.start)) for r in example.records] == [
        ("singer", ("Ann", 0)),
        ("firm", ("ACME", 8)),
    ]
    assert example.records[0].asocs == (Asoc("region", Region(2)),)
    assert example.records[1].asocs == ()
    assert example.alike == {2: frozenset({2, 3})}
    assert example.picture is not None and example.picture.matched


def test_unlisted_labels_are_not_in_the_target() -> None:
    example = grounded(PASSAGE, PICTURE, {"company": "firm"}, ("firm",))
    assert [r.label for r in example.records] == ["firm"] and example.alike == {}
    assert example.picture is not None and not example.picture.matched


def test_beside_another_picture_nothing_has_a_region() -> None:
    example = grounded(PASSAGE.unseen(), PICTURE, {"someone": "person"}, ("person",))
    assert len(example.records) == 1 and example.records[0].asocs == ()
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
