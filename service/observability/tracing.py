"""Request traces, if the OpenTelemetry SDK is installed and an endpoint is set."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Mapping
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import NoOpTracerProvider, Tracer, TracerProvider

from service.observability.metrics import STAGES
from service.settings import Settings
from tasks.errors import SettingsError

log = logging.getLogger(__name__)

_STANDARD = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def tracer_provider(
    settings: Settings, environ: Mapping[str, str] = os.environ
) -> TracerProvider | None:
    """Create the provider that exports traces.

    Args:
        settings: `UMIE_OTLP_ENDPOINT`.
        environ: environment variables, for OpenTelemetry's standard ones.

    Returns:
        The provider; None if no endpoint is set, or OpenTelemetry's own variables set one and the
        SDK is not installed.

    Raises:
        SettingsError: `UMIE_OTLP_ENDPOINT` is set and the SDK is not installed.
    """
    standard = any(environ.get(name) for name in _STANDARD)
    if settings.otlp_endpoint is None and not standard:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider as Provider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        if settings.otlp_endpoint is not None:
            raise SettingsError(
                "UMIE_OTLP_ENDPOINT needs the extra traces: umie-service[traces]"
            ) from error
        log.info("OpenTelemetry's SDK is not installed: no traces")
        return None
    named = "OTEL_SERVICE_NAME" in environ or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    provider = Provider(resource=Resource.create({} if named else {"service.name": "umie"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.otlp_endpoint)))
    return provider


class Tracing:
    """A span for every request, and in it one for every stage of the work.

    Args:
        provider: where spans go; None turns tracing off.
        untraced: paths of requests that get no span.
    """

    def __init__(self, provider: TracerProvider | None, untraced: Collection[str] = ()) -> None:
        self._provider = provider
        self._untraced = frozenset(untraced)
        self._tracer: Tracer = (provider or NoOpTracerProvider()).get_tracer("umie")

    def config(self) -> TelemetryConfig:
        """Return the framework's configuration: trace requests except probes, without content."""
        return TelemetryConfig(
            tracer_provider=self._provider,
            tracing=self._provider is not None,
            metrics=False,
            logs=False,
            operation_spans=False,
            auto_configure=False,
            exclude=self._is_untraced,
        )

    def stages(self, timing_ms: Mapping[str, float]) -> None:
        """Record spans for stages that have just ended, one after the other.

        The times are those of the request's batch, so spans of a round can overlap the previous
        round slightly.
        """
        if self._provider is None:
            return
        ended = time.time_ns()
        for stage in reversed([stage for stage in STAGES if stage in timing_ms]):
            started = ended - int(timing_ms[stage] * 1e6)
            self._tracer.start_span(stage, start_time=started).end(ended)
            ended = started

    def _is_untraced(self, scope: Any) -> bool:
        return scope.get("path") in self._untraced
