"""What Prometheus sees. One object, handed to whoever observes; nothing global."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from schema.extraction import Extraction

STAGES = ("image", "propose", "queue", "visual", "fusion", "decode")
BATCHES = ("see", "read", "step")
DROPPED = ("expired", "cancelled", "rejected", "abandoned")


# A second series for each one, telling when it was created: noise for every reader of /metrics.
disable_created_metrics()


def _geometric(first: float, factor: float, last: float) -> list[float]:
    edges = [first]
    while edges[-1] < last:
        edges.append(float(f"{edges[-1] * factor:.3g}"))
    return edges


SECONDS = _geometric(0.0005, 1.5, 60.0)
SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
GATES = [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.65]
"""The largest is the largest that there is."""

FINDINGS = ("entities", "relations", "events")
"""The tasks, and what they find."""


class Metrics:
    """The service's metrics on a registry of their own.

    `batch_size` is labelled by what is batched: see (pictures), read (prompts), step (decoder
    slots).
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.requests = Counter(
            "umie_requests", "Requests answered.", ["endpoint", "outcome"], registry=registry
        )
        self.refused = Counter(
            "umie_refused_requests",
            "Requests answered with a problem document, by its type.",
            ["reason"],
            registry=registry,
        )
        self.batch_lines = Counter(
            "umie_batch_lines", "Lines of batches answered.", ["outcome"], registry=registry
        )
        self.request_seconds = Histogram(
            "umie_request_duration_seconds",
            "From a request's first byte to its answer's last.",
            ["endpoint"],
            buckets=SECONDS,
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "umie_stage_duration_seconds",
            "Time in a stage of the work.",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_size = Histogram(
            "umie_batch_size",
            "Items computed at once.",
            ["stage"],
            buckets=SIZES,
            registry=registry,
        )
        self.inflight = Gauge(
            "umie_inflight_requests", "Requests being answered.", registry=registry
        )
        self.queue_depth = Gauge(
            "umie_queue_depth", "Items that wait for the engine.", registry=registry
        )
        self.engine_ready = Gauge(
            "umie_engine_ready", "1 where the engine takes work.", registry=registry
        )
        self.engine_progress = Gauge(
            "umie_engine_last_progress_timestamp_seconds",
            "When the engine's decoder last began a turn.",
            registry=registry,
        )
        self.heartbeat_age = Gauge(
            "umie_engine_heartbeat_age_seconds",
            "Since the stillest of the engine's threads last showed that it is alive.",
            registry=registry,
        )
        self.slots_in_use = Gauge(
            "umie_slots_in_use", "Answers that are being written.", registry=registry
        )
        self.dropped_jobs = Counter(
            "umie_dropped_jobs",
            "Prompts and pictures that were given up.",
            ["reason"],
            registry=registry,
        )
        self.prompt_tokens = Counter(
            "umie_prompt_tokens", "Tokens of the prompts that were asked.", registry=registry
        )
        self.generated_tokens = Counter(
            "umie_generated_tokens", "Tokens written by the decoder.", registry=registry
        )
        self.visual_cache = Counter(
            "umie_visual_cache", "Pictures looked up.", ["outcome"], registry=registry
        )
        self.findings = Counter("umie_findings", "What answers held.", ["kind"], registry=registry)
        self.gate = Histogram(
            "umie_gate",
            "How far pictures were let into texts.",
            ["task"],
            buckets=GATES,
            registry=registry,
        )
        self.model_info = Gauge(
            "umie_model_info",
            "The model that runs.",
            ["version", "precision", "provider"],
            registry=registry,
        )
        self._create_series()

    def _create_series(self) -> None:
        # A series that appears with its first event has no rate before its second.
        for stage in STAGES:
            self.stage_seconds.labels(stage=stage)
        for stage in BATCHES:
            self.batch_size.labels(stage=stage)
        for reason in DROPPED:
            self.dropped_jobs.labels(reason=reason)
        for outcome in ("hit", "miss"):
            self.visual_cache.labels(outcome=outcome)
        for outcome in ("ok", "problem"):
            self.batch_lines.labels(outcome=outcome)

    def count_answer(self, answer: Extraction) -> None:
        """Count what an answer holds, and how far its picture was let in if it has one."""
        for kind in FINDINGS:
            self.findings.labels(kind=kind).inc(len(getattr(answer, kind)))
            gate = getattr(answer.gate, kind)
            if answer.image is not None and gate is not None:
                self.gate.labels(task=kind).observe(gate)

    def stage(self, stage: str) -> Histogram:
        """The durations of one of `STAGES`, in seconds."""
        return self.stage_seconds.labels(stage=stage)

    def watch(self, *, queued: Callable[[], int], ready: Callable[[], bool]) -> None:
        """Ask `queued` and `ready` whenever the metrics are read."""
        self.queue_depth.set_function(queued)
        self.engine_ready.set_function(ready)

    def describe_model(self, *, version: str, precision: str, provider: str) -> None:
        """Name the model that runs."""
        self.model_info.labels(version=version, precision=precision, provider=provider).set(1)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
