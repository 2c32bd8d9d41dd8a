"""What the run beside a hostile client judges; `make hostile` does it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from tests.hostile import Phase, verdict
from tests.support.attacks import attacks, get, vast_pictures
from tests.support.hostile_client import status_of


def calm(seconds: float = 0.1) -> Phase:
    return Phase([seconds] * 200)


def attacked(seconds: list[float], *faults: str) -> Phase:
    return Phase(seconds, list(faults), rounds=1)


def test_a_server_passes_that_serves_everybody_as_before() -> None:
    assert verdict(calm(), attacked([0.19] * 200), 900, 1000) == []


def test_each_harm_is_a_fault() -> None:
    (late,) = verdict(calm(), attacked([0.1] * 150 + [0.3] * 50), 900, 1000)
    assert "p95" in late
    (large,) = verdict(calm(), attacked([0.1] * 200), 1100, 1000)
    assert "memory" in large
    assert verdict(calm(), attacked([0.1] * 200, "503: full"), 900, 1000) == ["503: full"]


@pytest.mark.parametrize(
    ("undisturbed", "disturbed"),
    [
        (Phase([0.1] * 199), attacked([0.1] * 200)),
        (calm(), attacked([0.1] * 199)),
        (calm(), Phase([0.1] * 200)),
    ],
)
def test_a_run_that_says_too_little_does_not_pass(undisturbed: Phase, disturbed: Phase) -> None:
    (little,) = verdict(undisturbed, disturbed, 900, 1000)
    assert "say nothing" in little


def test_no_attack_is_larger_than_a_body_may_be() -> None:
    assert max(len(attack.request) for attack in attacks()) < 28 * 2**20
    assert len({attack.name for attack in attacks()}) == len(attacks())


def test_no_vast_picture_is_sent_twice() -> None:
    assert len({attack.request for attack in [*vast_pictures(3), *vast_pictures(3)]}) == 6


@pytest.mark.anyio
async def test_a_server_that_says_nothing_has_no_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert await status_of(listening.getsockname(), get("/readyz"), 0.1) is None

        def answer() -> None:
            for _ in range(2):  # the first has gone
                connection = listening.accept()[0]
                with suppress(OSError), connection:
                    connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        assert await status_of(listening.getsockname(), get("/readyz"), 20) == 503
        answering.join()
