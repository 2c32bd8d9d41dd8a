"""Fit the number of connections to the limit on open file descriptors."""

from __future__ import annotations

import logging
import os
import resource

from service.settings import Settings
from tasks.errors import SettingsError

SPARE_CONNECTIONS = 64
"""Connections beyond the limit; only probes are answered on them."""

WANTED = 65_536
"""The soft limit is raised to this value where the hard limit permits it."""

RESERVE = 64
"""Descriptors for files that requests and libraries open."""

_UNCOUNTED = 256
"""Assumed number of open descriptors where the system does not list them."""

_FOLDER = "/proc/self/fd"

log = logging.getLogger(__name__)


def raise_soft_limit() -> int:
    """Raise the soft limit on file descriptors towards the hard limit; returns the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return WANTED if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning("cannot raise the limit of %d file descriptors: %s", soft, error)
        return soft
    return wanted


def within_descriptors(settings: Settings, limit: int) -> Settings:
    """The settings with `max_connections` lowered to what `limit` file descriptors permit.

    Call it after the model is loaded, since its open files count.

    Raises:
        SettingsError: the limit leaves no descriptor for a connection.
    """
    listeners = 1 if settings.metrics_port is None else 2
    available = limit - _open_now() - RESERVE - listeners * (1 + SPARE_CONNECTIONS)
    fitting = min(settings.max_connections, available // listeners)
    if fitting < 1:
        raise SettingsError(
            f"the limit of {limit} file descriptors is too low; "
            "raise the limit of open files (ulimit -n) to at least 1024"
        )
    if fitting < settings.max_connections:
        log.warning(
            "%d file descriptors permit %d connections, not UMIE_MAX_CONNECTIONS=%d",
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
