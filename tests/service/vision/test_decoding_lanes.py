from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.settings import Settings
from service.vision import decoding_lanes
from service.vision.decoding import ImageFile, UprightImage, full_size, open_file
from service.vision.decoding_lanes import DecodingLanes, lower_thread_priority
from service.vision.encoder import ImageEncoder
from tests.service.fakes import FakeEngine, picture_bytes, preprocess

pytestmark = pytest.mark.anyio

SMALL, LARGE = picture_bytes((40, 20)), picture_bytes((200, 100))


@pytest.fixture
def threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pictures of more than 5,000 pixels be large."""
    monkeypatch.setattr(decoding_lanes, "SMALL_PIXELS", 5000)


@pytest.mark.usefixtures("threshold")
async def test_a_small_picture_is_decoded_while_large_ones_are(
    engine: FakeEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, load, threads = threading.Event(), ImageFile.load, set[str]()

    def hold(self: ImageFile) -> UprightImage:
        if self.coded_pixels > 5000:
            threads.add(threading.current_thread().name)
            assert release.wait(30)
        return load(self)

    monkeypatch.setattr(ImageFile, "load", hold)
    # the large ones fill their part of the budget
    settings = Settings(max_decoded_pixels=25_000, image_threads=1, visual_cache_items=0)
    image_encoder = ImageEncoder(engine, preprocess, settings, metrics)
    files = [LARGE + bytes([number]) for number in range(5)]
    large = [asyncio.create_task(image_encoder.encode(data, StageTimer())) for data in files]
    try:
        await asyncio.sleep(0.05)
        small = await asyncio.wait_for(image_encoder.encode(SMALL, StageTimer()), 20)
        assert small.width == 40 and not any(task.done() for task in large)
    finally:
        release.set()
    assert [image.width for image in await asyncio.gather(*large)] == [200] * 5
    assert len(threads) == 1 and image_encoder.reserved_pixels == 0


def test_a_picture_is_large_by_its_bytes_its_pixels_or_those_kept() -> None:
    lanes = DecodingLanes(2, 1000)
    photo = open_file(
        picture_bytes((4000, 3000), mode="RGB", file_format="JPEG"),
        max_pixels=40_000_000,
        least_sides=lambda width, height: (672, 672),
    )
    assert photo.coded_pixels == 12_000_000 and photo.pixels < 1_000_000
    whole = open_file(
        picture_bytes((4000, 3000), mode="L"), max_pixels=40_000_000, least_sides=full_size
    )
    small = lanes.for_header(b"")
    assert lanes.for_image(b"", photo) is small
    assert lanes.for_image(b"", whole) is not small
    many_bytes = bytes(decoding_lanes.SMALL_BYTES + 1)
    assert lanes.for_header(many_bytes) is lanes.for_image(many_bytes, photo) is not small
    lanes.close()


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_the_priority_of_one_thread_is_lowered() -> None:
    before, inside = os.getpriority(os.PRIO_PROCESS, 0), list[int]()

    def work() -> None:
        lower_thread_priority()
        inside.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [min(19, before + 5)]
    assert os.getpriority(os.PRIO_PROCESS, threading.main_thread().native_id or 0) == before
