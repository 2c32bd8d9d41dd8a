from __future__ import annotations

import socket

import pytest

from service.http.binding import addresses, bind, listen
from tasks.errors import SettingsError


def test_a_free_port_is_bound_and_not_yet_listening() -> None:
    (bound,) = bind("127.0.0.1", 0, "UMIE_PORT")
    with bound:
        port = bound.getsockname()[1]
        assert addresses([bound]) == f"http://127.0.0.1:{port}"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_port_in_use_is_reported_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"UMIE_METRICS_PORT={port}: .* already in use"):
            bind("127.0.0.1", port, "UMIE_METRICS_PORT")


def test_of_two_sockets_on_a_port_the_second_fails_to_listen() -> None:
    (first,) = bind("127.0.0.1", 0, "UMIE_PORT")
    with first:
        port = first.getsockname()[1]
        (second,) = bind("127.0.0.1", port, "UMIE_PORT")
        with second:
            listen([first], "127.0.0.1", "UMIE_PORT", 8)
            with pytest.raises(SettingsError, match=f"UMIE_PORT={port}: .* already in use"):
                listen([second], "127.0.0.1", "UMIE_PORT", 8)
            with socket.create_connection(("127.0.0.1", port), timeout=5):
                pass


def test_an_address_of_another_machine_is_reported() -> None:
    with pytest.raises(SettingsError, match=r"UMIE_PORT=0: cannot listen on 192\.0\.2\.1"):
        bind("192.0.2.1", 0, "UMIE_PORT")
