from __future__ import annotations

import numpy as np

from export.bundle import Bundle
from service.engine.seeing import see
from tests.support.bundle import PROMPT, picture


def test_only_regions_worth_offering_are_seen(tiny_bundle: Bundle) -> None:
    for seen in see(tiny_bundle, [picture(1), picture(2)]):
        count = len(seen.scores)
        assert 0 < count < 36
        assert seen.boxes.shape == (count, 4) and seen.labels.shape == (count,)
        assert seen.states.shape == (37, tiny_bundle.config.d_model)
        assert (seen.scores >= PROMPT.least_region_score).all()
        assert (np.diff(seen.scores) <= 0).all()
        assert (seen.boxes >= 0).all() and (seen.boxes <= 1).all()
        assert (seen.boxes[:, 2:] > seen.boxes[:, :2]).all()


def test_a_picture_is_seen_alike_in_every_batch(tiny_bundle: Bundle) -> None:
    pictures = [picture(seed) for seed in range(5)]
    for pixels, together in zip(pictures, see(tiny_bundle, pictures), strict=True):
        (alone,) = see(tiny_bundle, [pixels])
        assert alone.labels.tolist() == together.labels.tolist()
        for name in ("boxes", "scores", "states"):
            np.testing.assert_allclose(
                getattr(alone, name), getattr(together, name), atol=1e-5, rtol=0
            )


def test_what_was_seen_holds_no_other_picture(tiny_bundle: Bundle) -> None:
    """Views are kept for long: none may keep its whole batch in memory."""
    for seen in see(tiny_bundle, [picture(1), picture(2)]):
        assert all(part.base is None for part in (seen.boxes, seen.states))
