"""Loads the bundle, starts the engine and listens."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from service.api.app import create_app
from service.engine.engine import load_engine
from service.extractor import Extractor
from service.metrics import Metrics
from service.settings import Settings, unknown_variables
from tasks import ontology

log = logging.getLogger(__name__)


def build(settings: Settings) -> FastAPI:
    """The service over the settings' bundle; its lifespan starts and stops the engine.

    Raises `BundleError` and `UnknownOntology`.
    """
    ontology.load(settings.ontology)
    metrics = Metrics()
    loaded = load_engine(settings, metrics)
    metrics.describe_model(
        version=loaded.model_name, precision=loaded.precision, provider=loaded.provider
    )
    extractor = Extractor(
        loaded.engine,
        loaded.prompter,
        settings,
        loaded.preprocess,
        loaded.region_types,
        loaded.model_name,
        metrics,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loaded.engine.start()
        try:
            yield
        finally:
            await loaded.engine.aclose()
            extractor.close()

    return create_app(settings, loaded.engine, extractor, metrics, lifespan=lifespan)


def run(settings: Settings) -> None:
    """Serve until a signal comes, then let running requests end within `drain_s`."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for name in unknown_variables():
        log.warning("%s names no setting", name)
    uvicorn.run(
        build(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        timeout_graceful_shutdown=settings.drain_s,
        server_header=False,
    )
