from __future__ import annotations

import numpy as np

from export.bundle import Bundle
from service.engine.interface import Picture
from service.engine.visual_encoder import blank_picture, encode_images
from tests.support.bundle import PROMPT, picture


def test_only_regions_with_enough_score_are_returned(tiny_bundle: Bundle) -> None:
    for visual in encode_images(tiny_bundle, [Picture(picture(1)), Picture(picture(2))]):
        count = len(visual.scores)
        assert 0 < count < 36
        assert visual.boxes.shape == (count, 4) and len(visual.labels) == count
        assert visual.states.shape == (37, tiny_bundle.config.d_model)
        assert (visual.scores >= PROMPT.least_region_score).all()
        assert (np.diff(visual.scores) <= 0).all()
        assert (visual.boxes >= 0).all() and (visual.boxes <= 1).all()
        assert (visual.boxes[:, 2:] > visual.boxes[:, :2]).all()


def test_features_do_not_depend_on_the_batch(tiny_bundle: Bundle) -> None:
    pictures = [Picture(picture(seed)) for seed in range(5)]
    for image, together in zip(pictures, encode_images(tiny_bundle, pictures), strict=True):
        (alone,) = encode_images(tiny_bundle, [image])
        assert alone.labels == together.labels
        for name in ("boxes", "scores", "states"):
            np.testing.assert_allclose(
                getattr(alone, name), getattr(together, name), atol=1e-5, rtol=0
            )


def test_features_do_not_keep_their_batch_in_memory(tiny_bundle: Bundle) -> None:
    """Features are cached: they may not reference arrays of a whole batch."""
    for visual in encode_images(tiny_bundle, [Picture(picture(1)), Picture(picture(2))]):
        assert all(part.base is None for part in (visual.boxes, visual.states))


def test_given_regions_are_encoded_unchanged(tiny_bundle: Bundle) -> None:
    boxes = np.array([[0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.25, 0.75]], dtype=np.float32)
    scores = np.array([0.01, 0.9], dtype=np.float32)
    own = Picture(picture(1), boxes, ("flag", "person"), scores)
    proposed, given = encode_images(tiny_bundle, [Picture(picture(1)), own])
    np.testing.assert_array_equal(given.boxes, boxes)
    assert given.labels == ("flag", "person")
    assert given.scores.tolist() == scores.tolist()
    assert not np.allclose(given.states, proposed.states, atol=1e-3)
    (swapped,) = encode_images(tiny_bundle, [Picture(picture(1), boxes[::-1], ("person", "flag"))])
    assert swapped.scores.tolist() == [1.0, 1.0]
    assert not np.allclose(given.states, swapped.states, atol=1e-3)


def test_given_regions_may_be_empty(tiny_bundle: Bundle) -> None:
    (visual,) = encode_images(
        tiny_bundle, [Picture(picture(1), np.zeros((0, 4), dtype=np.float32))]
    )
    assert len(visual.boxes) == len(visual.scores) == len(visual.labels) == 0
    assert visual.states.shape == (37, tiny_bundle.config.d_model)


def test_the_blank_picture_fits_the_tower(tiny_bundle: Bundle) -> None:
    blank = blank_picture(tiny_bundle)
    assert blank is not None and blank.pixels.shape == (3, 64, 64)


def crops(count: int) -> Picture:
    """A picture and `count` of its regions, for a CLIP tower of 64 pixels."""
    generator = np.random.default_rng(count)
    pixels = generator.normal(size=(1 + count, 3, 64, 64)).astype(np.float32)
    boxes = np.sort(generator.random((count, 2, 2)), axis=1).reshape(count, 4).astype(np.float32)
    return Picture(pixels, boxes, ("thing",) * count, generator.random(count).astype(np.float32))


def test_crops_are_encoded_unchanged(clip_bundle: Bundle) -> None:
    pictures = [crops(count) for count in (0, 2, 36)]
    for image, visual in zip(pictures, encode_images(clip_bundle, pictures), strict=True):
        assert visual.boxes is image.boxes and visual.scores is image.scores
        assert visual.labels == image.labels
        assert visual.states.shape == (37, clip_bundle.config.d_model)
        (alone,) = encode_images(clip_bundle, [image])
        np.testing.assert_array_equal(alone.states, visual.states)


def test_features_depend_on_pixels_and_position_of_a_crop(clip_bundle: Bundle) -> None:
    one = crops(2)
    assert one.boxes is not None
    elsewhere = Picture(one.pixels, one.boxes * 0.5, one.labels)
    swapped = Picture(one.pixels[[0, 2, 1]], one.boxes, one.labels)
    first, moved, other = encode_images(clip_bundle, [one, elsewhere, swapped])
    assert not np.allclose(first.states, moved.states, atol=1e-3)
    assert not np.allclose(first.states, other.states, atol=1e-3)
    assert moved.scores.tolist() == [1.0, 1.0]


def test_the_blank_picture_of_a_clip_bundle_has_no_crops(clip_bundle: Bundle) -> None:
    blank = blank_picture(clip_bundle)
    assert blank is not None and blank.pixels.shape == (1, 3, 64, 64)
    (visual,) = encode_images(clip_bundle, [blank])
    assert len(visual.boxes) == 0
