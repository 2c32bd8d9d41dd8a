"""Create the FastAPI applications: routes, middleware and error handlers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service.documents.reader import DocumentReader
from service.engine.interface import Engine
from service.http import openapi_schema, problems
from service.http.auth import Keys
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.handler import Handler
from service.http.middleware.access_log import PROBES, AccessLog
from service.http.middleware.body_limit import BodyLimit, ByteBudget
from service.http.middleware.cors import CrossOrigin
from service.http.middleware.errors import ErrorResponses
from service.http.middleware.gatekeeper import DrainState, Gatekeeper
from service.http.middleware.graceful_close import GracefulClose
from service.http.middleware.request_target import RequestTarget
from service.http.middleware.security_headers import SecurityHeaders
from service.http.routes import batch
from service.http.routes.batch import batch_routes
from service.http.routes.catalogue import ModelInfo, catalogue_routes
from service.http.routes.decisions import decision_routes
from service.http.routes.extraction import extraction_routes, instruction_routes
from service.http.routes.health import health_routes, metrics_routes
from service.http.routes.inference_protocol import metadata_routes, probe_routes
from service.http.routes.page import page_routes
from service.http.routes.tokenize import tokenize_routes
from service.http.server import ReloadHooks
from service.observability.metrics import Metrics
from service.observability.tracing import Tracing, tracer_provider
from service.pipeline.extractor import Extractor
from service.settings import Settings

API_VERSION = "0.1.0"

_DESCRIPTION = """\
Entities, relations, events and the image regions they are grounded in, from a text and an image.

Every error is a problem document (RFC 9457) with a stable `type`. Every response carries
`X-Request-ID`: the client's own, if it sends one. Where the service requires API keys, send one as
`Authorization: Bearer` or `X-API-Key`.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    engine: Engine,
    extractor: Extractor,
    metrics: Metrics,
    model: ModelInfo,
    *,
    drain_state: DrainState | None = None,
    lifespan: Lifespan | None = None,
    reload_hooks: ReloadHooks | None = None,
) -> FastAPI:
    """Create the service's application.

    Args:
        settings: limits and optional features.
        engine: the engine whose readiness is reported; the caller starts and stops it.
        extractor: the pipeline that answers requests.
        metrics: what requests are counted in.
        model: what `GET /model` reports.
        drain_state: shared with the server, which sets it when it begins to stop.
        lifespan: runs around the application, for example to start and stop the engine.
        reload_hooks: receives what can be reloaded while the service runs.

    Raises:
        SettingsError: the file of API keys cannot be read, or tracing lacks its packages.
        UnknownOntology: the default ontology does not exist.
    """
    drain_state = drain_state or DrainState()
    tracing = Tracing(tracer_provider(settings), untraced=PROBES)
    limit = ConcurrencyLimit(settings.max_inflight_requests)
    budget = ByteBudget(settings.max_inflight_bytes)
    handler = Handler(settings, engine, extractor, limit, tracing, DocumentReader(settings))
    app = FastAPI(
        title="UMIE",
        summary="Multimodal information extraction: text and image in, typed JSON out.",
        description=_DESCRIPTION,
        version=API_VERSION,
        docs_url=None,  # served by page_routes, with the files of Swagger UI that the service ships
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=tracing.config(),
    )
    metrics.observe_engine(
        queued=lambda: engine.queued, ready=lambda: engine.ready and not drain_state.draining
    )
    problems.install(app, limit.retry_after_s)
    for kind in (*problems.KINDS.values(), problems.INTERNAL):
        metrics.refused.labels(reason=kind.type)
    openapi_schema.install(app, settings)
    for router in (
        extraction_routes(handler),
        instruction_routes(handler),
        decision_routes(handler),
        tokenize_routes(handler),
        batch_routes(handler, budget, metrics),
        catalogue_routes(settings, model),
        metadata_routes(model, API_VERSION),
        health_routes(engine, drain_state),
        probe_routes(engine, drain_state),
        page_routes(),
    ):
        app.include_router(router)
    if settings.metrics_port is None:
        app.include_router(metrics_routes(metrics))
    _add_middleware(app, settings, metrics, drain_state, budget, reload_hooks or ReloadHooks())
    return app


def create_metrics_app(engine: Engine, metrics: Metrics, drain_state: DrainState) -> FastAPI:
    """Create the application of the metrics port: probes, metrics and the dashboard."""
    app = FastAPI(
        title="UMIE metrics",
        openapi_url=None,
        redirect_slashes=False,
        telemetry=TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False),
    )
    problems.install(app, lambda default_s: default_s)
    app.include_router(health_routes(engine, drain_state))
    app.include_router(probe_routes(engine, drain_state))
    app.include_router(metrics_routes(metrics))
    app.include_router(page_routes({"/": "dashboard.html", "/dashboard": "dashboard.html"}))
    app.add_middleware(ErrorResponses)
    app.add_middleware(RequestTarget, root_path=None)
    app.add_middleware(SecurityHeaders)
    return app


def _add_middleware(
    app: FastAPI,
    settings: Settings,
    metrics: Metrics,
    drain_state: DrainState,
    budget: ByteBudget,
    reload_hooks: ReloadHooks,
) -> None:
    """Add the middleware; the last one added is the outermost."""
    keys = None if settings.api_keys_file is None else Keys.read(settings.api_keys_file)
    if keys is not None:
        reload_hooks.add("API keys", keys.reload)
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
    app.add_middleware(AccessLog, metrics=metrics)
    if settings.cors_origins is not None:
        app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(RequestTarget, root_path=settings.root_path)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(GracefulClose)
    if settings.trusted_proxies is not None:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.trusted_proxies)
