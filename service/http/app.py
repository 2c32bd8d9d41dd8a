"""The application: wiring, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import cast

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.engine.interface import Engine
from service.http import openapi, problems
from service.http.auth import Keys
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.handler import Handler
from service.http.middleware.access_log import AccessLog
from service.http.middleware.body_limit import BodyLimit, ByteBudget
from service.http.middleware.cors import CrossOrigin
from service.http.middleware.errors import ErrorResponses
from service.http.middleware.gatekeeper import DrainState, Gatekeeper
from service.http.middleware.graceful_close import GracefulClose
from service.http.middleware.request_id import RequestId
from service.http.middleware.request_target import RequestTarget
from service.http.middleware.security_headers import SecurityHeaders
from service.http.model_facts import ModelFacts
from service.http.reloading import Reloads
from service.http.routes import batch
from service.http.routes.batch import batch_routes
from service.http.routes.catalogue import catalogue_routes
from service.http.routes.extraction import extraction_routes, instruction_routes
from service.http.routes.health import health_routes, metrics_routes
from service.http.routes.inference_protocol import inference_protocol_routes
from service.http.routes.page import page_routes
from service.http.routes.tokenize import tokenize_routes
from service.observability.metrics import Metrics
from service.observability.tracing import Tracing, tracer_provider
from service.pipeline.extractor import Extractor
from service.settings import Settings

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
    drain_state: DrainState | None = None,
    lifespan: Lifespan | None = None,
    reloads: Reloads | None = None,
) -> FastAPI:
    """The service over an engine that somebody else starts and stops, `lifespan` for one.

    `reloads` learns what can be read anew while the service runs.

    Raises `SettingsError` and `UnknownOntology`.
    """
    drain_state = drain_state or DrainState()
    tracing = Tracing(tracer_provider(settings))
    admission = ConcurrencyLimit(settings.max_inflight_requests)
    budget = ByteBudget(settings.max_inflight_bytes)
    handler = Handler(settings, engine, extractor, admission, tracing)
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
    metrics.observe_engine(
        queued=lambda: engine.queued, ready=lambda: engine.ready and not drain_state.closed
    )
    problems.install(app, admission.retry_after_s)
    for kind in (*problems.KINDS.values(), problems.INTERNAL):
        metrics.refused.labels(reason=kind.type)
    openapi.install(app, settings)
    for router in (
        extraction_routes(handler),
        instruction_routes(handler),
        tokenize_routes(handler),
        batch_routes(handler, budget, metrics),
        catalogue_routes(settings, facts),
        inference_protocol_routes(facts, API_VERSION),
        health_routes(engine, drain_state),
        page_routes(),
    ):
        app.include_router(router)
    if settings.metrics_port is None:
        app.include_router(metrics_routes(metrics))
    _surround(app, settings, metrics, drain_state, budget, reloads or Reloads())
    return app


def _surround(
    app: FastAPI,
    settings: Settings,
    metrics: Metrics,
    drain_state: DrainState,
    budget: ByteBudget,
    reloads: Reloads,
) -> None:
    """Add the layers around every request: the last one added is the outermost."""
    keys = None if settings.api_keys_file is None else Keys.read(settings.api_keys_file)
    if keys is not None:
        reloads.add("keys", keys.reload)
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_body_bytes,
        timeout_s=settings.body_timeout_s,
        budget=budget,
        streamed=(batch.PATH,),
    )
    app.add_middleware(
        Gatekeeper,
        drain_state=drain_state,
        keys=keys,
        per_minute=settings.requests_per_minute,
        wrong_keys_per_minute=settings.wrong_keys_per_minute,
        max_header_bytes=settings.max_header_bytes,
    )
    app.add_middleware(ErrorResponses)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, metrics=metrics)
    if settings.cors_origins is not None:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(RequestTarget, root_path=settings.root_path)
    app.add_middleware(RequestId)
    app.add_middleware(GracefulClose)
    if settings.trusted_proxies is not None:
        app.add_middleware(
            ProxyHeadersMiddleware,
            trusted_hosts=settings.trusted_proxies,
        )


def create_metrics_app(engine: Engine, metrics: Metrics, drain_state: DrainState) -> FastAPI:
    """Probes, metrics and the page that draws them alone, for a port of their own."""
    app = FastAPI(
        title="UMIE metrics",
        openapi_url=None,
        redirect_slashes=False,
        telemetry=TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False),
    )
    problems.install(app, lambda usual: usual)
    app.include_router(health_routes(engine, drain_state))
    app.include_router(metrics_routes(metrics))
    app.include_router(page_routes({"/": "dashboard.html", "/dashboard": "dashboard.html"}))
    app.add_middleware(ErrorResponses)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestTarget, root_path=None)
    return app


def bare_app() -> FastAPI:
    """The service with nobody in it, for its OpenAPI document."""
    facts = ModelFacts("umie@0", "fp32", "cpu", (), 0, 0, 0)
    return create_app(Settings(), cast(Engine, None), cast(Extractor, None), Metrics(), facts)
