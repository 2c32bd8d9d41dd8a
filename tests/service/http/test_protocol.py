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
    hear,
    listening,
    problem_in,
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


def test_headers_that_do_not_end_are_not_waited_for(live: Live) -> None:
    problem = problem_in(live.talk(b"POST /extract HTTP/1.1\r\nHost: um"))
    assert (problem["status"], problem["type"]) == (408, "request-timeout")


def test_what_is_refused_before_it_is_a_request_is_counted(live: Live) -> None:
    names = ("bad-request", "request-timeout", "headers-too-large")

    def counts() -> list[float]:
        return [live.count("umie_refused_requests_total", reason=name) for name in names]

    before = counts()
    for sent in (b"\x16\x03\x01 no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\n", b"GET /" + b"x" * 5000):
        live.talk(sent)
    assert counts() == [count + 1 for count in before]


def test_trickling_does_not_help(live: Live) -> None:
    with live.connect() as connection:
        connection.sendall(b"GET /")
        connection.settimeout(0.1)
        heard = b""
        for _ in range(60):
            try:
                connection.sendall(b"x")
                heard = connection.recv(4096)
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert not heard or problem_in(heard)["status"] == 408


def test_a_connection_that_says_nothing_is_closed(live: Live) -> None:
    live.talk()


@pytest.mark.parametrize(
    "said",
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
def test_what_is_no_request_gets_a_problem_document(live: Live, said: bytes) -> None:
    problem = problem_in(live.talk(said))
    assert (problem["status"], problem["type"]) == (400, "bad-request")


def test_large_headers_get_one_too(live: Live) -> None:
    head = b"GET /tasks HTTP/1.1\r\nHost: umie\r\nConnection: close\r\nX-Large: " + b"x" * 5000
    for pieces in ((head + b"\r\n\r\n",), (head, b"\r\n\r\n")):
        problem = problem_in(live.talk(*pieces))
        assert (problem["status"], problem["type"]) == (431, "headers-too-large")


def test_what_follows_refused_headers_does_not_cost_the_answer(live: Live) -> None:
    """Without a lingering close it meets a closed connection, which is reset."""
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
            assert problem_in(hear(connection))["type"] == reason


def test_what_was_refused_is_not_lingered_over_for_ever(live: Live) -> None:
    with live.connect() as connection:
        connection.sendall(b"HELLO\r\n\r\n")
        hear(connection)
        wait_until(lambda: not live.listener.server_state.connections)


def test_a_body_that_breaks_off_its_framing(live: Live) -> None:
    head = form(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    problem = problem_in(live.talk(head + b"5\r\nhello\r\nnonsense\r\n"))
    assert problem["status"] == 400
    assert b"200" in live.talk(ALIVE).split(b"\r\n")[0]


def test_a_slow_body_is_not_waited_for(live: Live) -> None:
    problem = problem_in(live.talk(form(TEXT_PART[:20], length=500)))
    assert (problem["status"], problem["type"]) == (408, "request-timeout")


def test_the_sender_of_a_large_body_hears_the_answer(live: Live) -> None:
    """Without a lingering close the connection is reset while it still sends."""
    body = b"x" * 3_000_000
    problem = problem_in(live.talk(form(body)))
    assert (problem["status"], problem["type"]) == (413, "body-too-large")


def test_a_client_that_leaves_while_it_sends(live: Live) -> None:
    before = live.count("umie_requests_total", endpoint="/extract", outcome="cancelled")
    with live.connect() as connection:
        connection.sendall(form(TEXT_PART[:30], length=500))
    wait_until(
        lambda: live.count("umie_requests_total", endpoint="/extract", outcome="cancelled") > before
    )


def test_a_client_that_leaves_while_it_waits_frees_the_engine(live: Live) -> None:
    cancelled = live.engine.cancelled
    live.engine.pause_s = 30.0
    try:
        with live.connect() as connection:
            connection.sendall(form(TEXT_PART))
            wait_until(lambda: live.engine.working == 1)
        wait_until(lambda: live.engine.cancelled == cancelled + 1)
    finally:
        live.engine.pause_s = 0.0


def test_connections_beyond_the_limit_reach_the_probes_alone(live: Live) -> None:
    """Where none of the others waits for a request."""
    live.engine.pause_s = 30.0
    busy = [live.connect() for _ in range(4)]
    try:
        for connection in busy:
            connection.sendall(form(TEXT_PART))
        wait_until(lambda: live.engine.working == 4)
        assert b"200 OK" in live.talk(ALIVE)
        problem = problem_in(live.talk(form(TEXT_PART)))
        assert (problem["status"], problem["type"]) == (503, "engine-unavailable")
    finally:
        live.engine.pause_s = 0.0
        for connection in busy:
            connection.close()
    wait_until(lambda: not live.listener.server_state.connections)
    assert b"200 OK" in live.talk(form(TEXT_PART))


def test_connections_beyond_the_limit_close_those_that_wait(live: Live) -> None:
    """One that was never used before one that is kept for the next request."""
    wait_until(lambda: not live.listener.server_state.connections)
    kept = live.connect()
    kept.sendall(ALIVE.replace(b"Connection: close\r\n", b""))
    assert b"200 OK" in kept.recv(4096)
    idle = [live.connect() for _ in range(3)]
    try:
        wait_until(lambda: len(live.listener.server_state.connections) == 4)
        assert b"200 OK" in live.talk(form(TEXT_PART))
        assert idle[0].recv(1) == b""
        kept.sendall(form(TEXT_PART))
        assert b"200 OK" in hear(kept)
    finally:
        for connection in (kept, *idle):
            connection.close()


def test_a_client_that_takes_no_answers_is_dropped(live: Live) -> None:
    state = live.listener.server_state
    # what other tests left must not be taken for this connection
    wait_until(lambda: not state.connections and not state.tasks)
    with live.connect() as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: umie\r\n\r\n" * 200)
        wait_until(lambda: bool(state.connections))
        wait_until(lambda: not state.connections)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            heard = hear(connection)
    assert heard.count(b"HTTP/1.1 200 OK") < 200


def test_a_connection_is_kept_for_the_next_request(live: Live) -> None:
    request = form(TEXT_PART).replace(b"Connection: close\r\n", b"")
    with live.connect() as connection:
        connection.sendall(request + request.replace(b"umie", b"umie2") + ALIVE)
        heard = hear(connection)
    assert heard.count(b"HTTP/1.1 200 OK") == 3
