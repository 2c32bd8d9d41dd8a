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

from service.engine.loading import load_engine
from service.engine.resources import check_resources
from service.http.app import create_app, create_metrics_app
from service.http.binding import bind, listen, told
from service.http.file_descriptors import raise_soft_limit, within_descriptors
from service.http.middleware.gatekeeper import DrainState
from service.http.model_facts import ModelFacts
from service.http.reloading import Reloads
from service.http.server import BACKLOG, Aside, Listener, config_of
from service.observability import logging as log_setup
from service.observability.foreign_lines import capture
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings, unknown_variables
from service.vision.proposers.choice import proposer_for
from tasks import ontology

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """The application, and the one for the second port if there is to be one."""

    app: FastAPI
    metrics_app: FastAPI | None
    drain_state: DrainState
    metrics: Metrics
    reloads: Reloads


def build(settings: Settings) -> Service:
    """The service over the settings' bundle; the application's lifespan runs the engine.

    Raises `BundleError`, `SettingsError` and `UnknownOntology`.
    """
    ontology.load(settings.ontology)
    metrics, drain_state, reloads = Metrics(), DrainState(), Reloads()
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
        drain_state=drain_state,
        lifespan=lifespan,
        reloads=reloads,
    )
    metrics_app = None
    if settings.metrics_port is not None:
        metrics_app = create_metrics_app(loaded.engine, metrics, drain_state)
    return Service(app, metrics_app, drain_state, metrics, reloads)


def run(settings: Settings) -> None:
    """Serve until a signal comes, then let running requests end within `drain_s`.

    Raises as `build` does, and `SettingsError` where the machine lacks what the service needs. The
    ports are taken first, and listened on once there is something to answer.
    """
    log_setup.configure(settings, capture() if settings.log_format == "json" else None)
    for name in unknown_variables():
        log.warning("%s names no setting", name)
    sockets = bind(settings.host, settings.port, "UMIE_PORT")
    asides: list[socket.socket] = []
    if settings.metrics_port is not None:
        asides = bind(settings.host, settings.metrics_port, "UMIE_METRICS_PORT")
    limit = raise_soft_limit()
    check_resources(settings)
    service = build(settings)
    log_setup.adopt()
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
    listener = Listener(config, service.drain_state, settings.drain_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.reloads.run)
    log.info("listening on %s", told(sockets))
    if service.metrics_app is None:
        return await listener.serve(sockets)
    metrics_app = Aside(config_of(service.metrics_app, settings, service.metrics, settings.port))
    serving = asyncio.create_task(metrics_app.serve(asides))
    try:
        await listener.serve(sockets)
    finally:
        metrics_app.should_exit = True
        await serving
