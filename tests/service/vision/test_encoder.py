from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from PIL import Image

from schema.regions import RequestRegion
from service.engine.proposal import Proposal
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.settings import Settings
from service.vision import encoder as encoder_module
from service.vision.decoding import ImageFile
from service.vision.encoder import ImageEncoder
from tasks.errors import (
    EngineUnavailable,
    FieldError,
    ImageDamaged,
    ImageTooLarge,
    NoVisualTower,
)
from tests.service.fakes import FakeEngine, picture_bytes, preprocess

pytestmark = pytest.mark.anyio

RED, BLUE, GREEN = (picture_bytes(colour=name) for name in ("red", "blue", "green"))


def _image_encoder(engine: FakeEngine, metrics: Metrics, kept: int) -> ImageEncoder:
    return ImageEncoder(engine, preprocess, Settings(visual_cache_items=kept), metrics)


def _looks(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("umie_visual_cache_total", {"outcome": outcome}) or 0


async def test_the_engine_gets_preprocessed_pixels(engine: FakeEngine, metrics: Metrics) -> None:
    image = await _image_encoder(engine, metrics, 4).encode(RED, StageTimer())
    assert (image.width, image.height) == (40, 20)
    assert engine.looks[0].pixels.shape == (3, 8, 8)
    assert engine.looks[0].pixels[:, 0, 0].tolist() == [1.0, 0.0, 0.0]


async def test_a_picture_is_computed_once(engine: FakeEngine, metrics: Metrics) -> None:
    image_encoder = _image_encoder(engine, metrics, 4)
    first = await image_encoder.encode(RED, StageTimer())
    timer = StageTimer()
    assert await image_encoder.encode(RED, timer) is first
    assert len(engine.looks) == 1
    assert timer.read().visual == 0.0
    assert (_looks(metrics, "miss"), _looks(metrics, "hit")) == (1, 1)


async def test_the_least_recently_used_view_is_dropped(
    engine: FakeEngine, metrics: Metrics
) -> None:
    image_encoder = _image_encoder(engine, metrics, 2)
    for data in (RED, BLUE, RED, GREEN, RED, BLUE):
        await image_encoder.encode(data, StageTimer())
    assert len(engine.looks) == 4


async def test_nothing_is_kept_without_a_cache(engine: FakeEngine, metrics: Metrics) -> None:
    image_encoder = _image_encoder(engine, metrics, 0)
    await image_encoder.encode(RED, StageTimer())
    await image_encoder.encode(RED, StageTimer())
    assert len(engine.looks) == 2


async def test_a_failed_look_is_not_kept(engine: FakeEngine, metrics: Metrics) -> None:
    image_encoder = _image_encoder(engine, metrics, 2)
    engine.ready = False
    with pytest.raises(EngineUnavailable):
        await image_encoder.encode(RED, StageTimer())
    engine.ready = True
    assert (await image_encoder.encode(RED, StageTimer())).width == 40


async def test_request_regions_reach_the_engine(engine: FakeEngine, metrics: Metrics) -> None:
    own = (RequestRegion((10, 0, 20, 5), "flag"), RequestRegion((0, 0, 40, 20)))
    image = await _image_encoder(engine, metrics, 4).encode(RED, StageTimer(), own)
    assert engine.looks[0].boxes is not None
    assert engine.looks[0].boxes.tolist() == [[0.25, 0.0, 0.5, 0.25], [0.0, 0.0, 1.0, 1.0]]
    assert engine.looks[0].labels == image.visual.labels == ("flag", "region")


async def test_views_of_one_picture_are_told_apart_by_their_regions(
    engine: FakeEngine, metrics: Metrics
) -> None:
    image_encoder = _image_encoder(engine, metrics, 9)
    whole, named = RequestRegion((0, 0, 40, 20)), RequestRegion((0, 0, 40, 20), "flag")
    asked = (None, (), (whole,), (named,), (whole, named), (named, whole))
    visual = [await image_encoder.encode(RED, StageTimer(), own) for own in asked]
    assert len(engine.looks) == len(asked)
    assert [len(image.visual.boxes) for image in visual] == [2, 0, 1, 1, 2, 2]
    assert [await image_encoder.encode(RED, StageTimer(), own) for own in asked] == visual
    assert len(engine.looks) == len(asked)


async def test_a_region_beyond_the_picture_is_refused(engine: FakeEngine, metrics: Metrics) -> None:
    with pytest.raises(FieldError, match=r"regions\[0\].* 40 x 20 "):
        await _image_encoder(engine, metrics, 4).encode(
            RED, StageTimer(), [RequestRegion((0, 0, 40, 20.5))]
        )
    assert engine.looks == []


class FakeProposer:
    """One region a word, all over the picture; remembers who asked and on which thread."""

    region_types = ()

    def __init__(self, reads_text: bool) -> None:
        self.reads_text = reads_text
        self.asked: list[tuple[tuple[int, int], str]] = []
        self.threads: set[str] = set()

    def propose(self, image: Image.Image, text: str) -> Proposal:
        self.asked.append((image.size, text))
        self.threads.add(threading.current_thread().name)
        words = text.split() if self.reads_text else ["thing"]
        boxes = np.tile(np.array([0, 0, 1, 1], dtype=np.float32), (len(words), 1))
        return Proposal(boxes, tuple(words), np.full(len(words), 0.5, dtype=np.float32))


async def test_a_proposer_reads_the_text_and_its_views_are_kept_by_text(
    engine: FakeEngine, metrics: Metrics
) -> None:
    proposer = FakeProposer(reads_text=True)
    image_encoder = ImageEncoder(engine, preprocess, Settings(), metrics, proposer)
    for text in ("Ann Bob", "Oslo", "Ann Bob", ""):
        image = await image_encoder.encode(RED, StageTimer(), None, text)
        assert image.visual.labels == tuple(text.split())
    assert proposer.asked == [((40, 20), "Ann Bob"), ((40, 20), "Oslo"), ((40, 20), "")]
    assert len(engine.looks) == 3
    assert all(name.startswith("proposer") for name in proposer.threads)


async def test_a_proposer_that_reads_no_text_is_asked_once(
    engine: FakeEngine, metrics: Metrics
) -> None:
    proposer = FakeProposer(reads_text=False)
    image_encoder = ImageEncoder(engine, preprocess, Settings(), metrics, proposer)
    timer = StageTimer()
    first = await image_encoder.encode(RED, timer, None, "Ann")
    assert first.visual.labels == ("thing",) and timer.read().visual > 20.0
    assert await image_encoder.encode(RED, StageTimer(), None, "Bob") is first
    assert proposer.asked == [((40, 20), "")]
    count = metrics.registry.get_sample_value(
        "umie_stage_duration_seconds_count", {"stage": "propose"}
    )
    assert count == 1


async def test_request_regions_replace_proposals(engine: FakeEngine, metrics: Metrics) -> None:
    proposer = FakeProposer(reads_text=True)
    image_encoder = ImageEncoder(engine, preprocess, Settings(), metrics, proposer)
    whole = RequestRegion((0, 0, 40, 20))
    first = await image_encoder.encode(RED, StageTimer(), [whole], "Ann")
    assert await image_encoder.encode(RED, StageTimer(), [whole], "Bob") is first
    assert (await image_encoder.encode(RED, StageTimer(), [], "Ann")).visual.labels == ()
    assert proposer.asked == []


async def test_without_a_tower_no_picture_is_looked_at(
    engine: FakeEngine, metrics: Metrics
) -> None:
    with pytest.raises(NoVisualTower):
        await ImageEncoder(engine, None, Settings(), metrics).encode(RED, StageTimer())


async def test_the_file_size_is_limited(engine: FakeEngine, metrics: Metrics) -> None:
    image_encoder = ImageEncoder(engine, preprocess, Settings(max_image_bytes=10), metrics)
    with pytest.raises(ImageTooLarge):
        await image_encoder.encode(RED, StageTimer())


async def test_a_picture_asked_for_at_once_is_computed_once(
    engine: FakeEngine, metrics: Metrics
) -> None:
    engine.pause_s = 0.01
    image_encoder = _image_encoder(engine, metrics, 4)
    images = await asyncio.gather(*(image_encoder.encode(RED, StageTimer()) for _ in range(20)))
    assert len(engine.looks) == 1 and len(set(map(id, images))) == 1
    assert (_looks(metrics, "miss"), _looks(metrics, "hit")) == (1, 19)


async def test_who_waits_for_anothers_look_is_told_so(engine: FakeEngine, metrics: Metrics) -> None:
    engine.pause_s = 0.02
    timers = [StageTimer(), StageTimer()]
    image_encoder = _image_encoder(engine, metrics, 4)
    await asyncio.gather(*(image_encoder.encode(RED, timer) for timer in timers))
    first, second = (timer.read() for timer in timers)
    assert first.visual == 20.0 and second.visual == 0.0 and second.queue > 10.0


async def test_a_view_that_is_kept_does_not_wait_for_decodes(
    engine: FakeEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, load = threading.Event(), ImageFile.load

    def hold(self: ImageFile) -> object:
        assert opened.wait(30)
        return load(self)

    image_encoder = _image_encoder(engine, metrics, 4)
    kept = await image_encoder.encode(RED, StageTimer())
    monkeypatch.setattr(ImageFile, "load", hold)
    others = [
        asyncio.create_task(image_encoder.encode(data, StageTimer())) for data in (BLUE, GREEN)
    ]
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(image_encoder.encode(RED, StageTimer()), 10) is kept
    assert not any(task.done() for task in others)
    opened.set()
    await asyncio.gather(*others)


async def test_a_decode_that_nobody_waits_for_holds_its_share_until_it_ends(
    engine: FakeEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, opened, load = threading.Event(), threading.Event(), ImageFile.load

    def hold(self: ImageFile) -> object:
        entered.set()
        assert opened.wait(30)
        return load(self)

    monkeypatch.setattr(ImageFile, "load", hold)
    image_encoder = _image_encoder(engine, metrics, 4)
    gone = asyncio.create_task(image_encoder.encode(RED, StageTimer()))
    await asyncio.to_thread(entered.wait, 30)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert image_encoder.reserved_pixels == 800
    opened.set()
    for _ in range(1000):
        if not image_encoder.reserved_pixels:
            break
        await asyncio.sleep(0.01)
    assert image_encoder.reserved_pixels == 0 and engine.looks == []


@pytest.mark.parametrize("stage", ["open", "load", "engine"])
async def test_a_look_that_fails_leaves_nothing_behind(
    engine: FakeEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ImageDamaged("the disk has moth holes")

    image_encoder = _image_encoder(engine, metrics, 4)
    with monkeypatch.context() as patch:
        if stage == "open":
            patch.setattr(encoder_module, "open_file", fail)
        elif stage == "load":
            patch.setattr(ImageFile, "load", fail)
        else:
            patch.setattr(engine, "fail", lambda: ImageDamaged("the disk has moth holes"))
        for _ in range(3):
            with pytest.raises(ImageDamaged, match="moth"):
                await image_encoder.encode(RED, StageTimer())
    assert image_encoder.reserved_pixels == 0
    assert (await image_encoder.encode(RED, StageTimer())).width == 40


async def test_a_proposer_that_fails_leaves_nothing_behind(
    engine: FakeEngine, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Proposal:
        raise RuntimeError("no such phrase")

    proposer = FakeProposer(reads_text=True)
    image_encoder = ImageEncoder(engine, preprocess, Settings(), metrics, proposer)
    with monkeypatch.context() as patch:
        patch.setattr(proposer, "propose", fail)
        with pytest.raises(RuntimeError, match="phrase"):
            await image_encoder.encode(RED, StageTimer(), None, "Ann")
    assert image_encoder.reserved_pixels == 0
    assert (await image_encoder.encode(RED, StageTimer(), None, "Ann")).visual.labels == ("Ann",)
