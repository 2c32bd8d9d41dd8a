"""The application: wiring, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import cast

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.api import document, problems
from service.api.admission import Admission
from service.api.desk import Desk
from service.api.keys import Keys
from service.api.middleware.body_guard import BodyGuard, ByteBudget
from service.api.middleware.cors import CrossOrigin
from service.api.middleware.door import Door, Opening
from service.api.middleware.identity import Identity
from service.api.middleware.last_resort import LastResort
from service.api.middleware.linger import Linger
from service.api.middleware.measurement import Measurement
from service.api.middleware.request_target import RequestTarget
from service.api.middleware.safety import Safety
from service.api.model_facts import ModelFacts
from service.api.routes import batch
from service.api.routes.batch import batch_routes
from service.api.routes.catalogue import catalogue_routes
from service.api.routes.extraction import extraction_routes, instruction_routes
from service.api.routes.health import health_routes, metrics_routes
from service.api.routes.inference_protocol import inference_protocol_routes
from service.api.routes.page import page_routes
from service.api.routes.tokenize import tokenize_routes
from service.engine.contract import Engine
from service.extractor import Extractor
from service.metrics import Metrics
from service.reloading import Reloads
from service.settings import Settings
from service.tracing import Tracing, tracer_provider

API_VERSION = "0.1.0"

_DESCRIPTION = """\
Entities, relations, events and the image regions they are grounded in, from a text and an image.

Every error is a problem document (RFC 9457) with a stable `type`. Every answer carries
`X-Request-ID`: the caller's own, if it sent one. Where the service has keys, send one as
`Authorization: Bearer` or `X-API-Key`.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    engine: Engine,
    extractor: Extractor,
    metrics: Metrics,
    facts: ModelFacts,
    *,
    opening: Opening | None = None,
    lifespan: Lifespan | None = None,
    reloads: Reloads | None = None,
) -> FastAPI:
    """The service over an engine that somebody else starts and stops, `lifespan` for one.

    `reloads` learns what can be read anew while the service runs.

    Raises `SettingsError` and `UnknownOntology`.
    """
    opening = opening or Opening()
    tracing = Tracing(tracer_provider(settings))
    admission = Admission(settings.max_inflight_requests)
    budget = ByteBudget(settings.max_inflight_bytes)
    desk = Desk(settings, engine, extractor, admission, tracing)
    app = FastAPI(
        title="UMIE",
        summary="Multimodal information extraction: text and image in, typed JSON out.",
        description=_DESCRIPTION,
        version=API_VERSION,
        docs_url=None,  # a page of the service's own, with files that it ships
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=tracing.config(),
    )
    metrics.watch(queued=lambda: engine.queued, ready=lambda: engine.ready and not opening.closed)
    problems.install(app, admission.retry_after_s)
    for kind in (*problems.KINDS.values(), problems.INTERNAL):
        metrics.refused.labels(reason=kind.type)
    document.install(app, settings)
    for router in (
        extraction_routes(desk),
        instruction_routes(desk),
        tokenize_routes(desk),
        batch_routes(desk, budget, metrics),
        catalogue_routes(settings, facts),
        inference_protocol_routes(facts, API_VERSION),
        health_routes(engine, opening),
        page_routes(),
    ):
        app.include_router(router)
    if settings.metrics_port is None:
        app.include_router(metrics_routes(metrics))
    _surround(app, settings, metrics, opening, budget, reloads or Reloads())
    return app


def _surround(
    app: FastAPI,
    settings: Settings,
    metrics: Metrics,
    opening: Opening,
    budget: ByteBudget,
    reloads: Reloads,
) -> None:
    """Add the layers around every request: the last one added is the outermost."""
    keys = None if settings.api_keys_file is None else Keys.read(settings.api_keys_file)
    if keys is not None:
        reloads.add("keys", keys.reload)
    app.add_middleware(
        BodyGuard,
        max_bytes=settings.max_body_bytes,
        timeout_s=settings.body_timeout_s,
        budget=budget,
        streamed=(batch.PATH,),
    )
    app.add_middleware(
        Door,
        opening=opening,
        keys=keys,
        per_minute=settings.requests_per_minute,
        wrong_keys_per_minute=settings.wrong_keys_per_minute,
        max_header_bytes=settings.max_header_bytes,
    )
    app.add_middleware(LastResort)
    app.add_middleware(Safety)
    app.add_middleware(Measurement, metrics=metrics)
    if settings.cors_origins is not None:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(RequestTarget, root_path=settings.root_path)
    app.add_middleware(Identity)
    app.add_middleware(Linger)
    if settings.trusted_proxies is not None:
        app.add_middleware(
            ProxyHeadersMiddleware,
            trusted_hosts=settings.trusted_proxies,
        )


def create_aside(engine: Engine, metrics: Metrics, opening: Opening) -> FastAPI:
    """Probes, metrics and the page that draws them alone, for a port of their own."""
    app = FastAPI(
        title="UMIE metrics",
        openapi_url=None,
        redirect_slashes=False,
        telemetry=TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False),
    )
    problems.install(app, lambda usual: usual)
    app.include_router(health_routes(engine, opening))
    app.include_router(metrics_routes(metrics))
    app.include_router(page_routes({"/": "dashboard.html", "/dashboard": "dashboard.html"}))
    app.add_middleware(LastResort)
    app.add_middleware(Safety)
    app.add_middleware(RequestTarget, root_path=None)
    return app


def undressed_app() -> FastAPI:
    """The service with nobody in it, for its OpenAPI document."""
    facts = ModelFacts("umie@0", "fp32", "cpu", (), 0, 0, 0)
    return create_app(Settings(), cast(Engine, None), cast(Extractor, None), Metrics(), facts)
