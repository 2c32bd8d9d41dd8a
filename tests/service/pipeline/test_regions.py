from __future__ import annotations

from service.pipeline.regions import regions_of
from service.vision.encoder import EncodedImage
from tests.service.fakes import two_regions


def test_boxes_are_pixels_of_the_picture_and_stay_inside() -> None:
    image = EncodedImage(641, 333, two_regions())
    first, second = regions_of(image, 0.0, set())
    assert (first.id, first.label, first.score) == ("O1", "person", 0.9)
    assert first.box == (0.0, 0.0, 320.5, 333.0)
    assert second.box == (320.5, 83.2, 641.0, 333.0)


def test_doubtful_regions_are_listed_only_where_they_are_named() -> None:
    image = EncodedImage(10, 10, two_regions())
    assert [r.id for r in regions_of(image, 0.3, set())] == ["O1"]
    assert [r.id for r in regions_of(image, 0.95, {"O2"})] == ["O2"]
