from __future__ import annotations

from tasks.ontology import load
from training.evaluation.labelled_posts import held_out_ids, labelled_posts


def test_labels_are_sound() -> None:
    posts = labelled_posts()
    types = {kind.name for kind in load("twitter4").entities}
    assert len({post.id for post in posts}) == len(posts) >= 150
    for post in posts:
        assert post.names and len({name.text for name in post.names}) == len(post.names)
        for name in post.names:
            assert name.text.strip() == name.text and name.type in types
            for x1, y1, x2, y2 in name.boxes:
                assert 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1, (post.id, name)


def test_shown_and_absent_names_are_in_both_halves() -> None:
    assert {p.id for p in labelled_posts("dev")} | {p.id for p in labelled_posts("test")} == {
        post.id for post in labelled_posts()
    }
    for split in ("dev", "test"):
        posts = labelled_posts(split)
        assert all(post.split == split for post in posts)
        assert sum(any(name.boxes for name in post.names) for post in posts) >= 50
        assert sum(any(not name.boxes for name in post.names) for post in posts) >= 20


def test_labelled_posts_and_their_copies_are_held_out() -> None:
    assert held_out_ids() > {post.id for post in labelled_posts()}
