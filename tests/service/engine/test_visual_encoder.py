from __future__ import annotations

import numpy as np

from export.bundle import Bundle
from service.engine.interface import Picture
from service.engine.visual_encoder import blank, see
from tests.support.bundle import PROMPT, picture


def test_only_regions_worth_offering_are_seen(tiny_bundle: Bundle) -> None:
    for visual in see(tiny_bundle, [Picture(picture(1)), Picture(picture(2))]):
        count = len(visual.scores)
        assert 0 < count < 36
        assert visual.boxes.shape == (count, 4) and len(visual.labels) == count
        assert visual.states.shape == (37, tiny_bundle.config.d_model)
        assert (visual.scores >= PROMPT.least_region_score).all()
        assert (np.diff(visual.scores) <= 0).all()
        assert (visual.boxes >= 0).all() and (visual.boxes <= 1).all()
        assert (visual.boxes[:, 2:] > visual.boxes[:, :2]).all()


def test_a_picture_is_seen_alike_in_every_batch(tiny_bundle: Bundle) -> None:
    pictures = [Picture(picture(seed)) for seed in range(5)]
    for one, together in zip(pictures, see(tiny_bundle, pictures), strict=True):
        (alone,) = see(tiny_bundle, [one])
        assert alone.labels == together.labels
        for name in ("boxes", "scores", "states"):
            np.testing.assert_allclose(
                getattr(alone, name), getattr(together, name), atol=1e-5, rtol=0
            )


def test_what_was_seen_holds_no_other_picture(tiny_bundle: Bundle) -> None:
    """Views are kept for long: none may keep its whole batch in memory."""
    for visual in see(tiny_bundle, [Picture(picture(1)), Picture(picture(2))]):
        assert all(part.base is None for part in (visual.boxes, visual.states))


def test_regions_of_a_pictures_own_are_seen_as_they_are_given(tiny_bundle: Bundle) -> None:
    boxes = np.array([[0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.25, 0.75]], dtype=np.float32)
    scores = np.array([0.01, 0.9], dtype=np.float32)
    own = Picture(picture(1), boxes, ("flag", "person"), scores)
    proposed, given = see(tiny_bundle, [Picture(picture(1)), own])
    np.testing.assert_array_equal(given.boxes, boxes)
    assert given.labels == ("flag", "person")
    assert given.scores.tolist() == scores.tolist()
    assert not np.allclose(given.states, proposed.states, atol=1e-3)
    (swapped,) = see(tiny_bundle, [Picture(picture(1), boxes[::-1], ("person", "flag"))])
    assert swapped.scores.tolist() == [1.0, 1.0]
    assert not np.allclose(given.states, swapped.states, atol=1e-3)


def test_a_picture_may_bring_no_regions_at_all(tiny_bundle: Bundle) -> None:
    (visual,) = see(tiny_bundle, [Picture(picture(1), np.zeros((0, 4), dtype=np.float32))])
    assert len(visual.boxes) == len(visual.scores) == len(visual.labels) == 0
    assert visual.states.shape == (37, tiny_bundle.config.d_model)


def test_a_bundle_begins_with_a_picture_that_fits(tiny_bundle: Bundle) -> None:
    nothing = blank(tiny_bundle)
    assert nothing is not None and nothing.pixels.shape == (3, 64, 64)


def crops(count: int) -> Picture:
    """A picture and `count` of its regions, for a CLIP tower of 64 pixels."""
    generator = np.random.default_rng(count)
    pixels = generator.normal(size=(1 + count, 3, 64, 64)).astype(np.float32)
    boxes = np.sort(generator.random((count, 2, 2)), axis=1).reshape(count, 4).astype(np.float32)
    return Picture(pixels, boxes, ("thing",) * count, generator.random(count).astype(np.float32))


def test_crops_are_seen_as_they_are_given(clip_bundle: Bundle) -> None:
    pictures = [crops(count) for count in (0, 2, 36)]
    for one, visual in zip(pictures, see(clip_bundle, pictures), strict=True):
        assert visual.boxes is one.boxes and visual.scores is one.scores
        assert visual.labels == one.labels
        assert visual.states.shape == (37, clip_bundle.config.d_model)
        (alone,) = see(clip_bundle, [one])
        np.testing.assert_array_equal(alone.states, visual.states)


def test_what_a_crop_shows_and_where_it_lies_both_count(clip_bundle: Bundle) -> None:
    one = crops(2)
    assert one.boxes is not None
    elsewhere = Picture(one.pixels, one.boxes * 0.5, one.labels)
    swapped = Picture(one.pixels[[0, 2, 1]], one.boxes, one.labels)
    first, moved, other = see(clip_bundle, [one, elsewhere, swapped])
    assert not np.allclose(first.states, moved.states, atol=1e-3)
    assert not np.allclose(first.states, other.states, atol=1e-3)
    assert moved.scores.tolist() == [1.0, 1.0]


def test_a_clip_bundle_begins_with_the_whole_picture(clip_bundle: Bundle) -> None:
    nothing = blank(clip_bundle)
    assert nothing is not None and nothing.pixels.shape == (1, 3, 64, 64)
    (visual,) = see(clip_bundle, [nothing])
    assert len(visual.boxes) == 0
