from __future__ import annotations

from pathlib import Path

from tests.support.evaluator import FakeEvaluator
from training.evaluation.proposals import proposal_rows
from training.flickr8k import Photo, photo_from_json


def photo(name: str, *boxes: tuple[str, list[float]]) -> Photo:
    kinds = {"1": "people", "2": "animals"}
    phrases = [
        {"chain": chain, "types": [kind], "start": 0, "end": 1} for chain, kind in kinds.items()
    ]
    return photo_from_json(
        {
            "image": name,
            "split30k": "test",
            "orig_size": [10, 10],
            "captions": [{"text": "A scene .", "phrases": phrases}],
            "boxes": [{"chains": [chain], "box": box} for chain, box in boxes],
            "scene_chains": [],
            "nobox_chains": [],
        }
    )


def test_a_box_is_found_if_any_region_covers_it() -> None:
    """The left half of each picture is proposed."""
    photos = [
        photo("a.jpg", ("1", [0.0, 0.0, 0.4, 1.0]), ("2", [0.6, 0.0, 1.0, 1.0])),
        photo("b.jpg", ("1", [0.0, 0.0, 1.0, 1.0]), ("1", [0.9, 0.9, 1.0, 1.0])),
    ]
    everything, people = proposal_rows(FakeEvaluator(), photos, Path("photos"))
    assert (everything.score, people.score) == ("recall@36, all boxes", "recall@36, people")
    assert (everything.correct, everything.gold) == (2, 4) and everything.share
    assert (people.correct, people.gold) == (2, 3)


def test_more_than_36_regions_do_not_count() -> None:
    evaluator = FakeEvaluator()
    evaluator.propose = lambda pictures, title: [  # type: ignore[method-assign]
        [(0.0, 0.0, 0.1, 0.1)] * 36 + [(0.0, 0.0, 1.0, 1.0)] for _ in pictures
    ]
    everything, _ = proposal_rows(evaluator, [photo("a.jpg", ("1", [0, 0, 1, 1]))], Path())
    assert (everything.correct, everything.gold) == (0, 1)
