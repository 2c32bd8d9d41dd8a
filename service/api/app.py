"""The application: wiring, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from service.api import problems
from service.api.health import health_routes
from service.api.middleware import BodyLimit, LastResort, Measurement
from service.api.routes import catalogue_routes, extraction_routes
from service.engine.contract import Engine
from service.extractor import Extractor
from service.metrics import Metrics
from service.settings import Settings

API_VERSION = "0.1.0"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    engine: Engine,
    extractor: Extractor,
    metrics: Metrics,
    *,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The service over an engine that somebody else starts and stops, `lifespan` for one."""
    app = FastAPI(
        title="UMIE",
        summary="Multimodal information extraction: text and image in, typed JSON out.",
        version=API_VERSION,
        lifespan=lifespan,
    )
    metrics.watch(queued=lambda: engine.queued, ready=lambda: engine.ready)
    problems.install(app)
    app.include_router(extraction_routes(settings, engine, extractor))
    app.include_router(catalogue_routes(settings, extractor))
    app.include_router(health_routes(engine, metrics))
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(LastResort)
    app.add_middleware(Measurement, metrics=metrics)
    return app
