"""What is read anew while the service runs, when it is told to."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tasks.errors import UMIEError

log = logging.getLogger(__name__)


class Reloads:
    """Parts of the service that can be read anew, each by its name."""

    def __init__(self) -> None:
        self._parts: dict[str, Callable[[], None]] = {}

    def add(self, name: str, reload: Callable[[], None]) -> None:
        """Call `reload` whenever the service is told to; it keeps what it has where it raises."""
        self._parts[name] = reload

    def run(self) -> None:
        """Read all parts anew; what cannot be read is logged and stays as it is."""
        if not self._parts:
            log.info("nothing is to be read anew")
        for name, reload in self._parts.items():
            try:
                reload()
            except UMIEError as error:
                log.error("the %s stay as they were: %s", name, error)
            else:
                log.info("the %s were read anew", name)
