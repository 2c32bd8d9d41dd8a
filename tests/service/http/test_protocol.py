from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine
from tests.service.live import (
    TEXT_PART,
    Live,
    form,
    listening,
    problem_in,
    receive_all,
    wait_until,
)

ALIVE = b"GET /healthz HTTP/1.1\r\nHost: umie\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    settings = Settings(
        header_timeout_s=0.3,
        body_timeout_s=0.4,
        write_timeout_s=0.3,
        max_header_bytes=4096,
        max_body_bytes=100_000,
        max_image_bytes=100_000,
        max_connections=4,
    )
    with listening(settings, FakeEngine(), Metrics()) as live:
        yield live


def test_incomplete_headers_time_out(live: Live) -> None:
    problem = problem_in(live.exchange(b"POST /extract HTTP/1.1\r\nHost: um"))
    assert (problem["status"], problem["type"]) == (408, "request-timeout")


def test_malformed_requests_are_counted(live: Live) -> None:
    names = ("bad-request", "request-timeout", "headers-too-large")

    def counts() -> list[float]:
        return [live.count("umie_refused_requests_total", reason=name) for name in names]

    before = counts()
    for sent in (b"\x16\x03\x01 no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n", b"GET /" + b"x" * 5000):
        live.exchange(sent)
    assert counts() == [count + 1 for count in before]


def test_trickled_headers_time_out(live: Live) -> None:
    with live.connect() as connection:
        connection.sendall(b"GET /")
        connection.settimeout(0.1)
        received = b""
        for _ in range(60):
            try:
                connection.sendall(b"x")
                received = connection.recv(4096)
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert not received or problem_in(received)["status"] == 408


def test_a_silent_connection_is_closed(live: Live) -> None:
    live.exchange()


@pytest.mark.parametrize(
    "sent",
    [
        b"HELLO\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost umie\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: umie\r\n\r\n",
        b"POST /extract HTTP/1.1\r\nHost: umie\r\nContent-Length: ten\r\n\r\n",
        b"POST /extract HTTP/1.1\r\nHost: umie\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_malformed_requests_get_a_problem_document(live: Live, sent: bytes) -> None:
    problem = problem_in(live.exchange(sent))
    assert (problem["status"], problem["type"]) == (400, "bad-request")


def test_too_large_headers_get_a_problem_document(live: Live) -> None:
    head = b"GET /tasks HTTP/1.1\r\nHost: umie\r\nConnection: close\r\nX-Large: " + b"x" * 5000
    for pieces in ((head + b"\r\n\r\n",), (head, b"\r\n\r\n")):
        problem = problem_in(live.exchange(*pieces))
        assert (problem["status"], problem["type"]) == (431, "headers-too-large")


def test_data_after_refused_headers_does_not_reset_the_connection(live: Live) -> None:
    """Without a graceful close the data would meet a closed socket, which resets the connection."""
    for begun, reason in (
        (b"GET /" + b"x" * 5000, "headers-too-large"),
        (b"HELLO\r\n\r\n", "bad-request"),
        (b"GET / HTTP/1.1\r\n", "request-timeout"),
    ):
        before = live.count("umie_refused_requests_total", reason=reason)
        with live.connect() as connection:
            connection.sendall(begun)
            wait_until(
                lambda reason=reason, before=before: (  # type: ignore[misc]
                    live.count("umie_refused_requests_total", reason=reason) > before
                )
            )
            for _ in range(3):
                connection.sendall(b"and what was on its way\r\n")
            assert problem_in(receive_all(connection))["type"] == reason


def test_a_refused_connection_is_closed_after_a_while(live: Live) -> None:
    with live.connect() as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        receive_all(connection)
        wait_until(lambda: not live.server.server_state.connections)


def test_a_malformed_chunked_body_is_refused(live: Live) -> None:
    head = form(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    problem = problem_in(live.exchange(head + b"5\r\nhello\r\nnonsense\r\n"))
    assert problem["status"] == 400
    assert b"200" in live.exchange(ALIVE).split(b"\r\n")[0]


def test_a_slow_body_times_out(live: Live) -> None:
    problem = problem_in(live.exchange(form(TEXT_PART[:20], length=500)))
    assert (problem["status"], problem["type"]) == (408, "request-timeout")


def test_the_sender_of_a_large_body_receives_the_response(live: Live) -> None:
    """Without a graceful close the connection would be reset while the client sends."""
    body = b"x" * 3_000_000
    problem = problem_in(live.exchange(form(body)))
    assert (problem["status"], problem["type"]) == (413, "body-too-large")


def test_a_disconnect_while_sending_is_counted_as_cancelled(live: Live) -> None:
    before = live.count("umie_requests_total", endpoint="/extract", outcome="cancelled")
    with live.connect() as connection:
        connection.sendall(form(TEXT_PART[:30], length=500))
    wait_until(
        lambda: live.count("umie_requests_total", endpoint="/extract", outcome="cancelled") > before
    )


def test_a_disconnect_while_waiting_cancels_the_work(live: Live) -> None:
    cancelled = live.engine.cancelled
    live.engine.pause_s = 30.0
    try:
        with live.connect() as connection:
            connection.sendall(form(TEXT_PART))
            wait_until(lambda: live.engine.working == 1)
        wait_until(lambda: live.engine.cancelled == cancelled + 1)
    finally:
        live.engine.pause_s = 0.0


def test_connections_beyond_the_limit_reach_only_the_probes(live: Live) -> None:
    """Where no other connection is idle."""
    live.engine.pause_s = 30.0
    busy = [live.connect() for _ in range(4)]
    try:
        for connection in busy:
            connection.sendall(form(TEXT_PART))
        wait_until(lambda: live.engine.working == 4)
        assert b"200 OK" in live.exchange(ALIVE)
        problem = problem_in(live.exchange(form(TEXT_PART)))
        assert (problem["status"], problem["type"]) == (503, "engine-unavailable")
    finally:
        live.engine.pause_s = 0.0
        for connection in busy:
            connection.close()
    wait_until(lambda: not live.server.server_state.connections)
    assert b"200 OK" in live.exchange(form(TEXT_PART))


def test_connections_beyond_the_limit_close_idle_ones(live: Live) -> None:
    """An unused connection is closed before a kept-alive one."""
    wait_until(lambda: not live.server.server_state.connections)
    kept = live.connect()
    kept.sendall(ALIVE.replace(b"Connection: close\r\n", b""))
    assert b"200 OK" in kept.recv(4096)
    idle = [live.connect() for _ in range(3)]
    try:
        wait_until(lambda: len(live.server.server_state.connections) == 4)
        assert b"200 OK" in live.exchange(form(TEXT_PART))
        assert idle[0].recv(1) == b""
        kept.sendall(form(TEXT_PART))
        assert b"200 OK" in receive_all(kept)
    finally:
        for connection in (kept, *idle):
            connection.close()


def test_a_client_that_reads_no_responses_is_disconnected(live: Live) -> None:
    state = live.server.server_state
    # connections of other tests must have ended
    wait_until(lambda: not state.connections and not state.tasks)
    with live.connect() as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: umie\r\n\r\n" * 200)
        wait_until(lambda: bool(state.connections))
        wait_until(lambda: not state.connections)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            received = receive_all(connection)
    assert received.count(b"HTTP/1.1 200 OK") < 200


def test_a_connection_is_kept_for_the_next_request(live: Live) -> None:
    request = form(TEXT_PART).replace(b"Connection: close\r\n", b"")
    with live.connect() as connection:
        connection.sendall(request + request.replace(b"umie", b"umie2") + ALIVE)
        received = receive_all(connection)
    assert received.count(b"HTTP/1.1 200 OK") == 3
