from __future__ import annotations

import random

from training.text.kinds import coarse_of
from training.text.person_wordings import filled, worded, wordings
from training.text.surface import restyled


def test_there_are_wordings_of_many_kinds() -> None:
    listed = [t for templates in wordings().values() for t in templates]
    assert len(listed) == len(set(listed)) >= 120
    assert all("{p}" in template for template in listed)


def test_every_wording_names_the_person_with_the_regions() -> None:
    for kind, templates in wordings().items():
        assert coarse_of(kind) == "person"
        for template in templates:
            passage = filled(kind, template, "Ann Lee", (3, 1), random.Random(0))
            assert "{" not in passage.text and "}" not in passage.text
            named = [s for s in passage.segments if s.kind == kind]
            assert named and named[0].text in passage.text
            assert all(s.text in ("Ann Lee", "Ann") and s.regions == (3, 1) for s in named)
            others = [s for s in passage.segments if s.kind and s.kind != kind]
            assert all(s.regions == () and s.text for s in others)
            assert len({s.text for s in others}) == len(others)


def test_a_restyled_text_keeps_its_marks() -> None:
    styles = set()
    for seed in range(300):
        generator = random.Random(seed)
        passage = worded("Ann Lee", (2,), generator)
        styled = restyled(passage, generator)
        assert [s.kind for s in styled.segments if s.kind] == [
            s.kind for s in passage.segments if s.kind
        ]
        named = [s for s in styled.segments if s.regions]
        assert {s.text.lower() for s in named} <= {"ann lee", "ann"}
        assert all(s.text == s.text.strip() for s in styled.segments if s.kind)
        text = styled.text
        styles |= {"RT @" in text, text.islower() and "lower", text.isupper() and "upper"}
    assert styles >= {True, "lower", "upper"}
