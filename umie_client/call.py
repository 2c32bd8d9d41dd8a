"""One question to the service, before it is sent and without any I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from umie_client.reply import Reply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and how its answer is read.

    `body` is JSON. `probe`: whatever status comes back is the answer, at the first try.
    """

    path: str
    read: Callable[[Reply], T]
    body: bytes | None = None
    probe: bool = False

    @property
    def method(self) -> str:
        """What has a body is posted."""
        return "GET" if self.body is None else "POST"

    @property
    def headers(self) -> dict[str, str]:
        """Those that go with the body."""
        return {} if self.body is None else {"Content-Type": "application/json"}
