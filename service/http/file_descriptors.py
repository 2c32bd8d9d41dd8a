"""How many connections the process's file descriptors allow."""

from __future__ import annotations

import logging
import os
import resource

from service.settings import Settings
from tasks.errors import SettingsError

SPARE_CONNECTIONS = 64
"""Connections beyond the limit, on which only probes are answered."""

WANTED = 65_536
"""As far as the soft limit is raised where the hard limit allows more."""

RESERVE = 64
"""Descriptors for files that requests and libraries open."""

_UNCOUNTED = 256
"""Taken as open where the system does not list them."""

_FOLDER = "/proc/self/fd"

log = logging.getLogger(__name__)


def raise_soft_limit() -> int:
    """Raise the soft limit on file descriptors towards the hard one; returns what holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of %d file descriptors cannot be raised: %s", soft, error)
        return soft
    return wanted


def within_descriptors(settings: Settings, limit: int) -> Settings:
    """The settings with as many connections as `limit` file descriptors allow.

    Call it when the model is loaded, since its files are counted. Raises `SettingsError` where not
    one connection fits.
    """
    listeners = 1 if settings.metrics_port is None else 2
    room = limit - _open_now() - RESERVE - listeners * (1 + SPARE_CONNECTIONS)
    fitting = min(settings.max_connections, room // listeners)
    if fitting < 1:
        raise SettingsError(
            f"{limit} file descriptors are too few for a connection; "
            "raise the limit of open files (ulimit -n), 1024 are enough"
        )
    if fitting < settings.max_connections:
        log.warning(
            "%d file descriptors allow %d connections, not UMIE_MAX_CONNECTIONS=%d",
            limit,
            fitting,
            settings.max_connections,
        )
    return settings.model_copy(update={"max_connections": fitting})


def _open_now() -> int:
    try:
        return len(os.listdir(_FOLDER))
    except OSError:
        return _UNCOUNTED
