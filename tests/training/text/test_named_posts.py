from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.text.named_posts import NamedPost, read_named_posts
from training.text.visual_features import VisualFeatureStore

ANN = {"start": 0, "end": 7, "type": "person", "score": 0.9}
ROME = {"start": 11, "end": 15, "type": "location", "score": 0.8}


def read(
    folder: Path,
    store: VisualFeatureStore,
    entities: list[dict[str, Any]],
    held_out: frozenset[int],
) -> list[NamedPost]:
    posts = [
        {"id": 1, "image": "images/park.jpg", "text": "Ann Lee in Rome"},
        {"id": 2, "image": "images/wall.jpg", "text": "Ann Lee in Rome"},
        {"id": 3, "image": "images/gone.jpg", "text": "Ann Lee in Rome"},
    ]
    answers = [{"id": str(n), "extraction": {"entities": entities}, "error": None} for n in (1, 2)]
    failed = {"id": "3", "extraction": None, "error": {"status": 422}}
    for name, rows in (("posts", posts), ("answers", [*answers, failed])):
        (folder / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return read_named_posts(folder / "posts", folder / "answers", store, held_out)


@pytest.fixture
def clear(store: VisualFeatureStore) -> VisualFeatureStore:
    scores = store.scores.clone()
    scores[0, 1] = 0.8
    return replace(store, scores=scores)


def test_the_one_name_points_at_the_one_person(tmp_path: Path, clear: VisualFeatureStore) -> None:
    shown, other = read(tmp_path, clear, [ANN, ROME], frozenset())
    assert (shown.image, shown.shown) == ("park.jpg", True)
    assert (other.image, other.shown) == ("wall.jpg", False)
    for post, regions in ((shown, (2,)), (other, ())):
        named = [(s.text, s.kind, s.regions) for s in post.passage.segments if s.kind]
        assert named == [("Ann Lee", "person", regions), ("Rome", "location", ())]
        assert post.passage.text == "Ann Lee in Rome"


def test_posts_kept_for_evaluation_are_left_out(tmp_path: Path, clear: VisualFeatureStore) -> None:
    assert [p.image for p in read(tmp_path, clear, [ANN], frozenset({1}))] == ["wall.jpg"]


@pytest.mark.parametrize(
    "entities",
    [[], [ROME], [ANN, {**ROME, "score": 0.5}], [ANN, {**ROME, "type": "person"}]],
)
def test_doubtful_names_and_two_persons_are_left_out(
    tmp_path: Path, clear: VisualFeatureStore, entities: list[dict[str, Any]]
) -> None:
    assert read(tmp_path, clear, entities, frozenset()) == []


def test_names_of_low_score_are_no_names(tmp_path: Path, clear: VisualFeatureStore) -> None:
    posts = read(tmp_path, clear, [ANN, {**ROME, "score": 0.1}], frozenset())
    assert all(post.passage.kinds == ("person",) for post in posts) and len(posts) == 2
