"""Latency of a request by length of text, regions, labels, and concurrent requests."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from schema.extraction import Task
from schema.regions import RequestRegion
from service.pipeline.extractor import Extractor
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from tasks import ontology
from tasks.ontology import Ontology

WORDS = (8, 16, 32, 64, 96)
REGIONS = (0, 6, 12, 24, 36)
LABELS = (1, 4, 16, 51)
DEPTHS = (1, 8, 32, 128)

_STAGES = ("image", "visual", "fusion", "decode")


async def costs(
    extractor: Extractor,
    settings: Settings,
    requests: Sequence[ExtractionRequest],
    repeats: int,
) -> dict[str, list[dict[str, Any]]]:
    """Rows of each dimension: its value, and median milliseconds from the responses.

    One request for entities at a time; for the queue, so many concurrently.
    """
    texts = " ".join(request.text for request in requests if request.text).split()
    picture = next(request.image for request in requests if request.image is not None)
    base = ExtractionRequest(
        text=" ".join(texts[:24]),
        image=None,
        tasks=frozenset({Task.ENTITIES}),
        ontology=ontology.load(settings.ontology),
    )
    dimensions = {
        "words": [(n, replace(base, text=" ".join(texts[:n]))) for n in WORDS],
        "regions": [(n, replace(base, image=picture, regions=_grid(n))) for n in REGIONS],
        "labels": [(n, replace(base, ontology=_labels(n))) for n in LABELS],
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for name, rows in dimensions.items():
        found[name] = [
            {"value": value, **await _alone(extractor, request, repeats)} for value, request in rows
        ]
    found["queue"] = [
        {"value": depth, **await _together(extractor, requests, depth)} for depth in DEPTHS
    ]
    return found


async def _alone(
    extractor: Extractor, request: ExtractionRequest, repeats: int
) -> dict[str, float]:
    await extractor.extract(request)
    timings = [(await extractor.extract(request)).timing_ms for _ in range(repeats)]
    return {
        stage: statistics.median(getattr(timing, stage) for timing in timings)
        for stage in (*_STAGES, "total")
    }


async def _together(
    extractor: Extractor, requests: Sequence[ExtractionRequest], depth: int
) -> dict[str, float]:
    """Send so many requests at once; the latency of the median and of the last one."""
    asked = [requests[number % len(requests)] for number in range(depth)]
    started = time.perf_counter()
    answers = await asyncio.gather(*(extractor.extract(request) for request in asked))
    seconds = time.perf_counter() - started
    return {
        "queue": statistics.median(answer.timing_ms.queue for answer in answers),
        "total": statistics.median(answer.timing_ms.total for answer in answers),
        "last": seconds * 1000,
        "rate": depth / seconds,
    }


def _grid(count: int) -> tuple[RequestRegion, ...]:
    """A grid of so many regions, six per row."""
    return tuple(
        RequestRegion((16.0 * (i % 6), 16.0 * (i // 6), 16.0 * (i % 6) + 30, 16.0 * (i // 6) + 30))
        for i in range(count)
    )


def _labels(count: int) -> Ontology:
    names = [kind.name for kind in ontology.load("fmnerg51").entities]
    return Ontology.of_labels(entity_types=names[:count])
