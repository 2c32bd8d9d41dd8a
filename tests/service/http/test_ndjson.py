from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message

from service.http.ndjson import Line, LineReader
from tasks.errors import BodyTooSlow

pytestmark = pytest.mark.anyio


class _Body:
    def __init__(self, pieces: Sequence[bytes], *, gone: bool = False) -> None:
        self._pieces = list(pieces)
        self._gone = gone

    async def receive(self) -> Message:
        if self._pieces:
            return {"type": "http.request", "body": self._pieces.pop(0), "more_body": True}
        if self._gone:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}


async def _all(body: _Body, max_bytes: int = 1000) -> list[Line]:
    lines, found = LineReader(body.receive, max_bytes, 5.0), []
    while (line := await lines.next()) is not None:
        found.append(line)
    return found


@given(
    texts=st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=8),
    cuts=st.lists(st.integers(1, 30), max_size=20),
    ended=st.booleans(),
)
def test_lines_are_the_same_however_they_arrive(
    texts: list[bytes], cuts: list[int], ended: bool
) -> None:
    whole = b"\n".join(texts) + (b"\n" if ended and texts else b"")
    pieces, rest = [], whole
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    expected = [Line(n, t) for n, t in enumerate(texts, 1) if t.strip()]
    assert asyncio.run(_all(_Body([*pieces, rest]))) == expected


async def test_a_line_that_is_too_long_is_known_but_not_kept() -> None:
    pieces = [b"ok\n", b"x" * 600, b"x" * 600, b"x" * 600, b"xx\nfine\n", b"y" * 1001 + b"\n", b"z"]
    lines = await _all(_Body(pieces))
    assert lines == [Line(1, b"ok"), Line(2, None), Line(3, b"fine"), Line(4, None), Line(5, b"z")]


async def test_a_last_line_that_is_too_long() -> None:
    assert await _all(_Body([b"x" * 1001])) == [Line(1, None)]
    assert await _all(_Body([b"x" * 600] * 4)) == [Line(1, None)]
    assert await _all(_Body([b"x" * 1000])) == [Line(1, b"x" * 1000)]


async def test_a_disconnect_or_a_stall_raises() -> None:
    with pytest.raises(ClientDisconnect):
        await _all(_Body([b"a\nb"], gone=True))

    async def never() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    with pytest.raises(BodyTooSlow):
        await LineReader(never, 10, 0.02).next()
