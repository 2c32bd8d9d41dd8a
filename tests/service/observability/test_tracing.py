from __future__ import annotations

import sys

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.http import app as application
from service.observability import tracing
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import SettingsError
from tests.service.fakes import TEXT, FakeEngine, fake_app, picture_bytes, upload

ENDPOINT = "http://localhost:9/v1/traces"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where the spans of services go that are made from here on."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(application, "tracer_provider", lambda settings: provider)
    return exporter


@pytest.mark.anyio
async def test_a_request_is_a_span_with_a_span_for_every_stage(
    inventory: None,
    exporter: InMemorySpanExporter,
    settings: Settings,
    engine: FakeEngine,
    metrics: Metrics,
) -> None:
    transport = httpx.ASGITransport(app=fake_app(settings, engine, metrics))
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        await client.get("/readyz")
        assert not exporter.get_finished_spans()
        await client.post(
            "/extract",
            data={"text": TEXT},
            files=upload(picture_bytes()),
            headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"},
        )
    spans = exporter.get_finished_spans()
    (request,) = [span for span in spans if span.name == "POST /extract"]
    assert request.context is not None and f"{request.context.trace_id:032x}" == trace_id
    stages = [span for span in spans if span is not request]
    assert {span.name for span in stages} == {"image", "queue", "visual", "fusion", "decode"}
    for span in stages:
        assert span.parent is not None and span.parent.span_id == request.context.span_id
        assert _milliseconds(span) >= 0
    assert {_milliseconds(span) for span in stages if span.name == "decode"} == {4.0}
    assert TEXT not in str([span.to_json() for span in spans])


def _milliseconds(span: ReadableSpan) -> float:
    assert span.start_time is not None and span.end_time is not None
    return (span.end_time - span.start_time) / 1e6


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert tracing.tracer_provider(Settings(), {}) is None
    assert tracing.Tracing(None).config()["tracing"] is False


@pytest.mark.parametrize(
    ("settings", "environ", "name"),
    [
        (Settings(otlp_endpoint=ENDPOINT), {}, "umie"),
        (Settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:9"}, "umie"),
        (Settings(), {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ENDPOINT}, "umie"),
    ],
)
def test_an_endpoint_asks_for_it(
    settings: Settings, environ: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = tracing.tracer_provider(settings, environ)
    assert isinstance(provider, TracerProvider)
    assert provider.resource.attributes["service.name"] == name
    provider.shutdown()


def test_without_the_sdk_own_settings_are_a_fault_and_standard_ones_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry.sdk")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    standard = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:9"}
    assert tracing.tracer_provider(Settings(), standard) is None
    with pytest.raises(SettingsError, match="UMIE_OTLP_ENDPOINT"):
        tracing.tracer_provider(Settings(otlp_endpoint=ENDPOINT), {})
