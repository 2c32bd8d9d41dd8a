"""Takes the service's addresses before the model is loaded: one that is taken is told at once."""

from __future__ import annotations

import os
import socket

from tasks.errors import SettingsError


def bind(host: str, port: int, setting: str) -> list[socket.socket]:
    """Sockets of every address of `host`, bound and not yet listening.

    Args:
        host: name or address.
        port: 0 takes a free one for each address.
        setting: which setting gives the port, for errors.

    Raises:
        SettingsError: where the host has no address here or the port is taken or not allowed. Two
            that are bound and not yet listening do not meet; `listen` tells the later one.
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
    """Accept connections at what `bind` gave; raises `SettingsError` where the port is taken."""
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
    # those of names are negative, and have their own text
    reason = os.strerror(number) if number > 0 else str(error.strerror)
    return SettingsError(
        f"{setting}={port} cannot be listened on at {host}: {reason.lower()}; "
        "stop what listens there or choose another port"
    )


def told(sockets: list[socket.socket]) -> str:
    """Where they are, as addresses of HTTP."""
    names = []
    for bound in sockets:
        host, port = bound.getsockname()[:2]
        names.append(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
    return " ".join(names)
