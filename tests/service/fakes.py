"""An engine whose answers follow from the prompt by plain rules, and pictures made on the spot."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI
from PIL import Image

from service.engine.interface import (
    Answer,
    Picture,
    Prompt,
    VisualFeatures,
    Visuals,
    visual_of_each,
)
from service.engine.proposal import Proposal
from service.http.app import create_app
from service.http.routes.catalogue import ModelInfo
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings
from tasks import form
from tasks.errors import EngineUnavailable
from tasks.form import Filler
from tasks.instruction import Prompter
from tasks.ontology import EntityType, EventType, Ontology, RelationType
from tasks.records import Asoc, Record, Region, Span
from tasks.source import Source
from tests.support.tokenizer import tiny_tokenizer

REGION_TYPES = ("person", "flag")
MODEL_NAME = "umie-fake@0"
FACTS = ModelInfo(MODEL_NAME, "fp32", "none", REGION_TYPES, 300, 400, 800)
TEXT = "Ann visited Bob 👋🏽 in Oslo"

ONTOLOGY = Ontology(
    name="made up",
    entities=(EntityType("person"), EntityType("place")),
    relations=(RelationType("meets", head=("person",), tail=("person",)),),
    events=(EventType("visit", roles=("visitor", "scene")), EventType("storm")),
)


class FakeEngine:
    """Words with a capital are of the first type, words in -ed triggers of the first event.

    A picture has two regions, certain and doubtful; the first entity is visual in the first one.
    Every pair stands in its first relation, more surely from left to right. The first role of an
    event is played by the first capitalised word, the second by region 2 of a picture. A given
    mention with a capital has the first type, another one the last. A free answer is about nobody.
    `fail` makes what a call is to die of, `pause_s` delays each.
    """

    def __init__(self, fail: Callable[[], BaseException] | None = None) -> None:
        self.fail = fail
        self.pause_s = 0.0
        self.ready = self.takes_spans = True
        self.queued = 0
        self.looks: list[Picture] = []
        self.rounds: list[list[Prompt]] = []
        self.working = 0
        self.cancelled = 0

    @property
    def unready_because(self) -> str:
        """Nothing but that it is not ready."""
        return "" if self.ready else "the model is not ready"

    async def encode_image(self, picture: Picture) -> tuple[VisualFeatures, dict[str, float]]:
        """Two regions, whatever the picture shows, or those that it brings."""
        await self._work()
        self.looks.append(picture)
        return given_regions(picture) or two_regions(), {"queue": 1.0, "visual": 20.0}

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        """Answers by the rules above."""
        await self._work()
        self.rounds.append(list(prompts))
        timing = {"queue": 2.0, "fusion": 3.0, "decode": 4.0}
        return [
            Answer(
                tuple(_records(p, own)),
                0.0 if own is None else 0.25,
                p.source.ids[-3:],
                timing,
                decisions=tuple(_decisions(p, own)) if p.with_decisions else (),
            )
            for p, own in zip(prompts, visual_of_each(visual, len(prompts)), strict=True)
        ]

    async def _work(self) -> None:
        if not self.ready:
            raise EngineUnavailable("the engine is down")
        if self.fail is not None:
            raise self.fail()
        self.working += 1
        try:
            await asyncio.sleep(self.pause_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.working -= 1


def two_regions() -> VisualFeatures:
    """O1 the left half, certain; O2 the right half and beyond the edge, doubtful."""
    return VisualFeatures(
        boxes=np.array([[0.0, 0.0, 0.5, 1.0], [0.5, 0.25, 1.01, 1.0]], dtype=np.float32),
        labels=REGION_TYPES,
        scores=np.array([0.9, 0.1], dtype=np.float32),
        states=np.zeros((37, 4), dtype=np.float32),
    )


def given_regions(picture: Picture) -> VisualFeatures | None:
    """The regions that a picture brings; None where it brings none."""
    if picture.boxes is None:
        return None
    scores = np.ones(len(picture.boxes), dtype=np.float32)
    return VisualFeatures(
        picture.boxes, picture.labels, scores, np.zeros((37, 4), dtype=np.float32)
    )


def _records(prompt: Prompt, visual: VisualFeatures | None) -> Iterator[Record]:
    source = prompt.source
    if not prompt.constrained:
        yield Record("whatever", Span("nobody", None, None))
        return
    capitalised = [span for span in _words(source) if span.text[0].isupper()]
    if prompt.form in (form.ENTITIES, form.GROUNDED):
        for index, span in enumerate(capitalised):
            grounded = Filler.REGION in prompt.form.fillers and index == 0 and source.asocs
            asocs = (Asoc(source.asocs[0].name, Region(1), 0.7),) if grounded else ()
            yield Record(source.spots[0].name, span, asocs, score=0.8 - 0.1 * index)
    elif prompt.form in (form.CHOICE, form.GROUNDED_CHOICE):
        yield _chosen(prompt, visual)
    elif prompt.form is form.TRIGGERS:
        for span in _words(source):
            if span.text.endswith("ed"):
                yield Record(source.spots[0].name, span, score=0.75)
    elif prompt.form is form.ARGUMENTS:
        yield Record(source.spots[0].name, None, tuple(_arguments(source, capitalised, visual)))
    elif prompt.form is form.PAIR:
        assert prompt.head is not None and prompt.tail is not None
        head, tail = _span_at(source, prompt.head), _span_at(source, prompt.tail)
        score = 0.6 if prompt.head < prompt.tail else 0.5
        yield Record(None, head, (Asoc(source.asocs[0].name, tail, score),))


def _decisions(prompt: Prompt, visual: VisualFeatures | None) -> Iterator[tuple[float, ...]]:
    """Each option is twice as likely as the next; a phrase without a capital has no region."""
    source = prompt.source
    listed = source.asocs if prompt.form is form.PAIR else source.spots
    if len(listed) > 1:
        yield _halving(len(listed))
    if visual is not None and len(visual.boxes) and prompt.form is form.GROUNDED_CHOICE:
        shares = _halving(len(visual.boxes) + 1)
        yield shares if source.text[0].isupper() else shares[::-1]


def _halving(count: int) -> tuple[float, ...]:
    return tuple(2.0 ** (count - 1 - at) / (2**count - 1) for at in range(count))


def _chosen(prompt: Prompt, visual: VisualFeatures | None) -> Record:
    """The first label of a capitalised mention, the last one of others; the first region."""
    source = prompt.source
    assert prompt.head is not None
    span = _span_at(source, prompt.head)
    spot = source.spots[0] if span.text[0].isupper() else source.spots[-1]
    score = 1.0 if len(source.spots) == 1 else 0.85
    shown = visual is not None and len(visual.boxes) > 0 and Filler.REGION in prompt.form.fillers
    asocs = (Asoc(source.asocs[0].name, Region(1), 0.7),) if shown else ()
    return Record(spot.name, span, asocs, score)


def _arguments(
    source: Source, capitalised: list[Span], visual: VisualFeatures | None
) -> Iterator[Asoc]:
    if capitalised and source.asocs:
        yield Asoc(source.asocs[0].name, capitalised[0], 0.65)
    if visual is not None and len(visual.boxes) > 1 and len(source.asocs) > 1:
        yield Asoc(source.asocs[1].name, Region(2), 0.55)


def _words(source: Source) -> Iterator[Span]:
    start: int | None = None
    for piece in source.pieces:
        if start is None and piece.opens:
            start = piece.start
        if start is not None and piece.closes:
            yield Span.of(source.text, start, piece.end)
            start = None


def _span_at(source: Source, pieces: tuple[int, int]) -> Span:
    first, stop = pieces
    return Span.of(source.text, source.pieces[first].start, source.pieces[stop - 1].end)


class FakePreprocess:
    """Pixels (3, 8, 8), with the regions proposed."""

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        """The picture in small."""
        small = np.asarray(image.resize((8, 8)), dtype=np.float32) / 255.0
        pixels = np.ascontiguousarray(small.transpose(2, 0, 1))
        return Picture(pixels, proposal.boxes, proposal.labels) if proposal else Picture(pixels)

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        """Three times as large as the result."""
        return 24, 24

    def input_bytes(self, regions: int) -> int:
        """Of the result."""
        return 3 * 8 * 8 * 4


preprocess = FakePreprocess()


def prompter() -> Prompter:
    """Prompts in single letters."""
    return Prompter(tiny_tokenizer(), max_text_tokens=400, max_tokens=800, separator=" ")


def fake_extractor(engine: FakeEngine, settings: Settings, metrics: Metrics) -> Extractor:
    """An extractor over a fake engine."""
    return Extractor(engine, prompter(), settings, preprocess, REGION_TYPES, MODEL_NAME, metrics)


def fake_app(settings: Settings, engine: FakeEngine, metrics: Metrics, **options: Any) -> FastAPI:
    """The service over a fake engine."""
    extractor = fake_extractor(engine, settings, metrics)
    return create_app(settings, engine, extractor, metrics, FACTS, **options)


def picture_bytes(
    size: tuple[int, int] = (40, 20),
    *,
    mode: str = "RGB",
    colour: Any = None,
    file_format: str = "PNG",
    **options: Any,
) -> bytes:
    """A picture of one colour as a file."""
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, file_format, **options)
    return buffer.getvalue()


def upload(data: bytes, name: str = "picture.png") -> dict[str, Any]:
    """The form's file field."""
    return {"image": (name, data, "image/png")}


async def still_works(client: httpx.AsyncClient) -> None:
    """The next request is answered as if nothing had happened."""
    response = await client.post("/extract", data={"text": TEXT})
    assert response.status_code == 200 and len(response.json()["entities"]) == 3
