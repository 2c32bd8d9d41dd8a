"""Read a request's body as lines, no faster than they are consumed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from tasks.errors import BodyTooSlow


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its line end; `data` is None where the line exceeded the limit."""

    number: int
    data: bytes | None


class LineReader:
    """The non-blank lines of a body. The buffer holds one line and a part of the next."""

    def __init__(self, receive: Receive, max_bytes: int, timeout_s: float) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._buffer = bytearray()
        self._searched = 0
        self._too_long = self._ended = False
        self.number = 0

    async def next(self) -> Line | None:
        """The next line; None after the last one.

        Raises:
            BodyTooSlow: nothing arrived for `timeout_s` seconds.
            ClientDisconnect: the client closed the connection.
        """
        while True:
            end = self._buffer.find(b"\n", self._searched)
            if end < 0 and not self._ended:
                await self._fill()
                continue
            if end < 0 and not self._buffer and not self._too_long:
                return None
            line = self._take(end)
            if line.data is None or line.data.strip():
                return line

    def _take(self, end: int) -> Line:
        self.number += 1
        data = bytes(self._buffer[:end] if end >= 0 else self._buffer)
        del self._buffer[: end + 1 if end >= 0 else len(self._buffer)]
        too_long = self._too_long or len(data) > self._max_bytes
        self._searched, self._too_long = 0, False
        return Line(self.number, None if too_long else data)

    async def _fill(self) -> None:
        self._searched = len(self._buffer)
        if self._searched > self._max_bytes:
            self._buffer.clear()
            self._searched, self._too_long = 0, True
        try:
            async with asyncio.timeout(self._timeout_s):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow(f"nothing arrived for {self._timeout_s:g} s") from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._buffer += message.get("body", b"")
        self._ended = not message.get("more_body", False)
