"""Start the service: load the bundle, build the application, listen."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from service.engine.loading import load_engine
from service.engine.resources import check_resources
from service.http.app import create_app, create_metrics_app
from service.http.binding import addresses, bind, listen
from service.http.file_descriptors import raise_soft_limit, within_descriptors
from service.http.middleware.gatekeeper import DrainState
from service.http.routes.catalogue import ModelInfo
from service.http.server import (
    BACKLOG,
    DrainingServer,
    MetricsServer,
    ReloadHooks,
    server_config,
)
from service.observability import logging as log_setup
from service.observability.foreign_lines import capture
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings, unknown_variables
from service.vision.proposers.proposer import proposer_for
from tasks import ontology

log = logging.getLogger(__name__)

_SWITCH_INTERVAL_S = 0.001
"""How long a thread may run Python while another one waits for the interpreter's lock.

The event loop takes the lock several times for each request. With Python's 5 ms it would wait so
long each time while another thread parses a large body or cuts a long text.
"""


@dataclass(frozen=True)
class Service:
    """The application, that of the metrics port if one is set, and what the server needs."""

    app: FastAPI
    metrics_app: FastAPI | None
    drain_state: DrainState
    metrics: Metrics
    reload_hooks: ReloadHooks


def build(settings: Settings) -> Service:
    """Load the bundle and build the application, whose lifespan starts and stops the engine.

    Raises:
        BundleError: the bundle is missing or does not match its manifest.
        SettingsError: a setting is invalid on this machine or for this bundle.
        UnknownOntology: the default ontology does not exist.
    """
    ontology.load(settings.ontology)
    metrics, drain_state, reload_hooks = Metrics(), DrainState(), ReloadHooks()
    loaded = load_engine(settings, metrics)
    metrics.describe_model(
        version=loaded.model_name, precision=loaded.precision, provider=loaded.provider
    )
    proposer = proposer_for(settings, has_tower=loaded.preprocess is not None)
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
    model = ModelInfo(
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
        model,
        drain_state=drain_state,
        lifespan=lifespan,
        reload_hooks=reload_hooks,
    )
    metrics_app = None
    if settings.metrics_port is not None:
        metrics_app = create_metrics_app(loaded.engine, metrics, drain_state)
    return Service(app, metrics_app, drain_state, metrics, reload_hooks)


def run(settings: Settings) -> None:
    """Serve until a signal arrives, then let running requests end within `drain_s`.

    The ports are bound first, so that one in use fails early. The service listens on them when the
    model is loaded.

    Raises:
        SettingsError: also where the machine lacks resources; else as `build`.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    log_setup.configure(settings, capture() if settings.log_format == "json" else None)
    for name in unknown_variables():
        log.warning("%s is not a known setting", name)
    sockets = bind(settings.host, settings.port, "UMIE_PORT")
    metrics_sockets: list[socket.socket] = []
    if settings.metrics_port is not None:
        metrics_sockets = bind(settings.host, settings.metrics_port, "UMIE_METRICS_PORT")
    limit = raise_soft_limit()
    check_resources(settings)
    service = build(settings)
    log_setup.remove_library_handlers()
    settings = within_descriptors(settings, limit)
    listen(sockets, settings.host, "UMIE_PORT", BACKLOG)
    listen(metrics_sockets, settings.host, "UMIE_METRICS_PORT", BACKLOG)
    asyncio.run(_serve(service, settings, sockets, metrics_sockets))


async def _serve(
    service: Service,
    settings: Settings,
    sockets: list[socket.socket],
    metrics_sockets: list[socket.socket],
) -> None:
    config = server_config(service.app, settings, service.metrics, settings.port)
    server = DrainingServer(config, service.drain_state, settings.drain_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, service.reload_hooks.run)
    log.info("listening on %s", addresses(sockets))
    if service.metrics_app is None:
        return await server.serve(sockets)
    metrics_server = MetricsServer(
        server_config(service.metrics_app, settings, service.metrics, settings.port)
    )
    serving = asyncio.create_task(metrics_server.serve(metrics_sockets))
    try:
        await server.serve(sockets)
    finally:
        metrics_server.should_exit = True
        await serving
