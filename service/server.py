"""Loads the bundle, starts the engine and listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from service import logs
from service.api.app import create_app, create_aside
from service.api.middleware.door import Opening
from service.api.model_facts import ModelFacts
from service.engine.engine import load_engine
from service.extractor import Extractor
from service.listener import Aside, Listener, config_of
from service.metrics import Metrics
from service.proposers.choice import proposer_for
from service.settings import Settings, unknown_variables
from tasks import ontology

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """The application, and the one for the second port if there is to be one."""

    app: FastAPI
    aside: FastAPI | None
    opening: Opening
    metrics: Metrics


def build(settings: Settings) -> Service:
    """The service over the settings' bundle; the application's lifespan runs the engine.

    Raises `BundleError`, `SettingsError` and `UnknownOntology`.
    """
    ontology.load(settings.ontology)
    metrics, opening = Metrics(), Opening()
    loaded = load_engine(settings, metrics)
    metrics.describe_model(
        version=loaded.model_name, precision=loaded.precision, provider=loaded.provider
    )
    proposer = proposer_for(settings, sees=loaded.preprocess is not None)
    region_types = loaded.region_types if proposer is None else proposer.region_types
    extractor = Extractor(
        loaded.engine,
        loaded.prompter,
        settings,
        loaded.preprocess,
        region_types,
        loaded.model_name,
        metrics,
        proposer,
    )
    facts = ModelFacts(
        loaded.model_name,
        loaded.precision,
        loaded.provider,
        tuple(region_types),
        extractor.max_text_tokens,
        loaded.prompter.max_text_tokens,
        loaded.prompter.max_tokens,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loaded.engine.start()
        try:
            yield
        finally:
            await loaded.engine.aclose()
            extractor.close()

    app = create_app(
        settings, loaded.engine, extractor, metrics, facts, opening=opening, lifespan=lifespan
    )
    aside = None
    if settings.metrics_port is not None:
        aside = create_aside(loaded.engine, metrics, opening)
    return Service(app, aside, opening, metrics)


def run(settings: Settings) -> None:
    """Serve until a signal comes, then let running requests end within `drain_s`."""
    logs.configure(settings)
    for name in unknown_variables():
        log.warning("%s names no setting", name)
    asyncio.run(_listen(build(settings), settings))


async def _listen(service: Service, settings: Settings) -> None:
    config = config_of(service.app, settings, service.metrics, settings.port)
    listener = Listener(config, service.opening, settings.drain_s)
    if service.aside is None or settings.metrics_port is None:
        return await listener.serve()
    aside = Aside(config_of(service.aside, settings, service.metrics, settings.metrics_port))
    serving = asyncio.create_task(aside.serve())
    try:
        await listener.serve()
    finally:
        aside.should_exit = True
        await serving
