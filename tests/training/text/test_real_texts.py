from __future__ import annotations

import random

from tasks.document import Document, Mention
from training.text.names import NamePool
from training.text.real_texts import RealTexts, name_like

NAMES = NamePool(("Tom",), ("Eva",), ("Stone",))


def document(text: str, *mentions: Mention, ontology: str = "broad3") -> Document:
    return Document(text=text, corpus="x", split="train", ontology=ontology, entities=mentions)


ONE = document("Ann Lee joins ACME", Mention(0, 7, "person"), Mention(14, 18, "organization"))
NONE = document("Off to London today", Mention(7, 13, "location"))
TWO = document("Ann and Bob again", Mention(0, 3, "person"), Mention(8, 11, "person"))


def test_texts_are_sorted_by_whom_they_name() -> None:
    texts = RealTexts.of([ONE, NONE, TWO, document("nothing is named here")])
    assert [p.text for p in texts.about_one] == [ONE.text]
    assert [p.text for p in texts.about_none] == [NONE.text]
    assert texts.about_one[0].annotated == {"person", "location", "organization"}
    assert not texts.about_one[0].fine


def test_fine_types_stay_fine() -> None:
    fine = document("Ann Lee sings", Mention(0, 7, "musician"), ontology="fmnerg51")
    (passage,) = RealTexts.of([fine]).about_one
    assert passage.fine and passage.kinds == ("musician",) and len(passage.annotated) == 4


def test_a_name_points_at_the_regions_whether_invented_or_not() -> None:
    texts, names = RealTexts.of([ONE]), set()
    for seed in range(40):
        passage = texts.about("female", (4, 2), NAMES, random.Random(seed))
        person, group = (s for s in passage.segments if s.kind)
        assert person.regions == (4, 2) and (group.text, group.regions) == ("ACME", ())
        assert passage.text == f"{person.text} joins ACME"
        names.add(person.text)
    assert names == {"Ann Lee", "Eva Stone"}


def test_an_invented_name_has_the_form_of_the_old_one() -> None:
    generator = random.Random(0)
    assert name_like("ANN LEE", "male", NAMES, generator) == "TOM STONE"
    assert name_like("ann lee", "female", NAMES, generator) == "eva stone"
    assert name_like("Ann van der Lee", "female", NAMES, generator) == "Eva Stone Stone"
    assert {name_like("Ann", "male", NAMES, generator) for _ in range(30)} == {"Tom", "Stone"}
