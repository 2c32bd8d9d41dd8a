"""What the run beside a hostile client judges; `make hostile` does it."""

from __future__ import annotations

from tests.hostile import Phase, verdict
from tests.support.attacks import attacks


def test_a_server_passes_that_serves_everybody_as_before() -> None:
    assert verdict(Phase([0.1] * 20), Phase([0.19] * 20), 900, 1000) == []


def test_each_harm_is_a_fault() -> None:
    calm = Phase([0.1] * 20)
    (late,) = verdict(calm, Phase([0.1] * 5 + [0.3] * 15), 900, 1000)
    assert "p95" in late
    (large,) = verdict(calm, Phase([0.1]), 1100, 1000)
    assert "memory" in large
    assert verdict(calm, Phase([0.1], ["503: full"]), 900, 1000) == ["503: full"]


def test_no_attack_is_larger_than_a_body_may_be() -> None:
    assert max(len(attack.request) for attack in attacks()) < 28 * 2**20
    assert len({attack.name for attack in attacks()}) == len(attacks())
