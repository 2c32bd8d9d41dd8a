"""Loads the bundle, starts the engine and listens."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from service import logs
from service.api.app import create_app, create_aside
from service.api.middleware.door import Opening
from service.api.model_facts import ModelFacts
from service.binding import bind, listen, told
from service.engine.engine import load_engine
from service.engine.resources import check_resources
from service.extractor import Extractor
from service.file_descriptors import raise_soft_limit, within_descriptors
from service.foreign_lines import capture
from service.listener import BACKLOG, Aside, Listener, config_of
from service.metrics import Metrics
from service.proposers.choice import proposer_for
from service.reloading import Reloads
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
    reloads: Reloads


def build(settings: Settings) -> Service:
    """The service over the settings' bundle; the application's lifespan runs the engine.

    Raises `BundleError`, `SettingsError` and `UnknownOntology`.
    """
    ontology.load(settings.ontology)
    metrics, opening, reloads = Metrics(), Opening(), Reloads()
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
        settings,
        loaded.engine,
        extractor,
        metrics,
        facts,
        opening=opening,
        lifespan=lifespan,
        reloads=reloads,
    )
    aside = None
    if settings.metrics_port is not None:
        aside = create_aside(loaded.engine, metrics, opening)
    return Service(app, aside, opening, metrics, reloads)


def run(settings: Settings) -> None:
    """Serve until a signal comes, then let running requests end within `drain_s`.

    Raises as `build` does, and `SettingsError` where the machine lacks what the service needs. The
    ports are taken first, and listened on once there is something to answer.
    """
    logs.configure(settings, capture() if settings.log_format == "json" else None)
    for name in unknown_variables():
        log.warning("%s names no setting", name)
    sockets = bind(settings.host, settings.port, "UMIE_PORT")
    asides: list[socket.socket] = []
    if settings.metrics_port is not None:
        asides = bind(settings.host, settings.metrics_port, "UMIE_METRICS_PORT")
    limit = raise_soft_limit()
    check_resources(settings)
    service = build(settings)
    logs.adopt()
    settings = within_descriptors(settings, limit)
    listen(sockets, settings.host, "UMIE_PORT", BACKLOG)
    listen(asides, settings.host, "UMIE_METRICS_PORT", BACKLOG)
    asyncio.run(_listen(service, settings, sockets, asides))


async def _listen(
    service: Service,
    settings: Settings,
    sockets: list[socket.socket],
    asides: list[socket.socket],
) -> None:
    config = config_of(service.app, settings, service.metrics, settings.port)
    listener = Listener(config, service.opening, settings.drain_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.reloads.run)
    log.info("listening on %s", told(sockets))
    if service.aside is None:
        return await listener.serve(sockets)
    aside = Aside(config_of(service.aside, settings, service.metrics, settings.port))
    serving = asyncio.create_task(aside.serve(asides))
    try:
        await listener.serve(sockets)
    finally:
        aside.should_exit = True
        await serving
