"""Bind the service's sockets before the model is loaded, so that a port in use fails early."""

from __future__ import annotations

import os
import socket

from tasks.errors import SettingsError


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Bind a socket to every address of `host`, without listening yet.

    Args:
        host: name or address.
        port: 0 chooses a free port for each address.
        setting: the setting that gives the port, for errors.

    Raises:
        SettingsError: the host has no local address, or the port is in use or not permitted. Two
            processes can bind the same port as long as neither listens; then `listen` fails.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            sockets.append(_bound(family, address))
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise _fault(host, port, setting, error) from error
    return sockets


def listen(sockets: list[socket.socket], host: str, setting: str, backlog: int) -> None:
    """Listen on the sockets of `bind`; raises `SettingsError` where the port is in use."""
    for bound in sockets:
        try:
            bound.listen(backlog)
        except OSError as error:
            raise _fault(host, bound.getsockname()[1], setting, error) from error


def _bound(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _fault(host: str, port: int, setting: str, error: OSError) -> SettingsError:
    number = error.errno or 0
    # errors of name resolution have negative numbers and a text of their own
    reason = os.strerror(number) if number > 0 else str(error.strerror)
    return SettingsError(
        f"{setting}={port}: cannot listen on {host}: {reason.lower()}; "
        "stop the process that uses the port or choose another port"
    )


def addresses(sockets: list[socket.socket]) -> str:
    """The URLs of bound sockets, separated by spaces."""
    names = []
    for bound in sockets:
        host, port = bound.getsockname()[:2]
        names.append(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    return " ".join(names)
