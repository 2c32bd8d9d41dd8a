from __future__ import annotations

from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schema.extraction import EntityFound, Extraction, Gate, ImageSize, RelationFound, Timing
from service.observability.metrics import FINDINGS, SECONDS, STAGES, Metrics


def test_buckets_are_fine_from_half_a_millisecond_to_a_minute() -> None:
    assert SECONDS[0] == 0.0005 and SECONDS[-2] < 60.0 <= SECONDS[-1]
    assert all(1.45 < b / a < 1.55 for a, b in pairwise(SECONDS))


def test_two_services_do_not_share_series() -> None:
    one, other = Metrics(), Metrics()
    one.generated_tokens.inc(5)
    assert other.registry.get_sample_value("umie_generated_tokens_total") == 0


def test_what_is_watched_is_read_when_it_is_asked_for() -> None:
    metrics = Metrics()
    queue = [1, 2, 3]
    metrics.observe_engine(queued=lambda: len(queue), ready=lambda: bool(queue))
    queue.append(4)
    assert metrics.registry.get_sample_value("umie_queue_depth") == 4
    queue.clear()
    assert metrics.registry.get_sample_value("umie_engine_ready") == 0


def test_the_text_format_has_every_stage_from_the_start() -> None:
    metrics = Metrics()
    metrics.describe_model(version="umie@1", precision="fp32", provider="CPU")
    families = {f.name: f for f in text_string_to_metric_families(metrics.render().decode())}
    stages = {s.labels["stage"] for s in families["umie_stage_duration_seconds"].samples}
    assert stages == set(STAGES)
    (info,) = families["umie_model_info"].samples
    assert info.labels == {"version": "umie@1", "precision": "fp32", "provider": "CPU"}
    assert "process_resident_memory_bytes" in families
    assert not [name for name in families if name.endswith("_created")]


@pytest.mark.parametrize("pictured", [True, False])
def test_answers_are_counted_with_their_gates(pictured: bool) -> None:
    metrics = Metrics()
    answer = Extraction(
        image=ImageSize(width=2, height=1) if pictured else None,
        regions=[],
        entities=[
            EntityFound(id=0, text="a", start=0, end=1, type="t", score=1.0, regions=[]),
            EntityFound(id=1, text="b", start=2, end=3, type="t", score=1.0, regions=[]),
        ],
        relations=[RelationFound(type="r", head=0, tail=1, score=1.0)],
        events=[],
        gate=Gate(entities=0.25, relations=None, events=None),
        model="m",
        timing_ms=Timing(total=1, image=0, queue=0, visual=0, fusion=0, decode=0),
    )
    metrics.count_extraction(answer)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    found = {kind: value("umie_findings_total", kind=kind) for kind in FINDINGS}
    assert found == {"entities": 2, "relations": 1, "events": 0}
    assert value("umie_gate_sum", task="entities") == (0.25 if pictured else None)
    assert value("umie_gate_count", task="relations") is None
