"""No body within the limits blocks the event loop for long or takes much memory beyond its size."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_app

MEBIBYTE = 1024 * 1024
MAX_LOOP_S = 0.1
TICK_S = 0.001
MAX_EXTRA_BYTES = 50 * MEBIBYTE

Filler = Callable[[int], bytes]


def _repeated(head: bytes, item: bytes, tail: bytes) -> Filler:
    """Bodies of at most a given size that repeat `item`, separated by commas."""

    def fill(size: int) -> bytes:
        count = max(1, (size - len(head) - len(tail)) // (len(item) + 1))
        return head + b",".join([item] * count) + tail

    return fill


def _unknown_keys(size: int) -> bytes:
    return b"{%s}" % b",".join(b'"%x":1' % number for number in range(max(1, size // 10)))


FILLERS: dict[str, Filler] = {
    "numbers as labels": _repeated(b'{"text":"a","entity_types":[', b"1", b"]}"),
    "numbers as entities": _repeated(b'{"text":"a","ontology":{"entities":[', b"1", b"]}}"),
    "labels": _repeated(b'{"text":"a","entity_types":[', b'"ab"', b"]}"),
    "regions": _repeated(b'{"text":"a","regions":[', b"[]", b"]}"),
    "boxes": _repeated(b'{"text":"a","regions":[', b"[0,0,1,1]", b"]}"),
    "objects": _repeated(b'{"text":"a","tasks":[', b"{}", b"]}"),
    "floats": _repeated(b'{"text":"a","head":[', b"1e1", b"]}"),
    "codes": _repeated(
        b'{"text":"a","ontology":{"entities":[{"name":"a","codes":[', b"1", b"]}]}}"
    ),
    "unknown keys": _unknown_keys,
    "one key again": _repeated(b'{"text":"a",', b'"a":1', b"}"),
    "nesting": lambda size: b'{"text":' + b"[" * (size - 8),
    "nested lists": _repeated(b'{"text":[', b"[[[[[]]]]]", b"]}"),
    "text": lambda size: b'{"text":"%s"}' % (b"a" * (size - 11)),
    "escapes": lambda size: b'{"text":"%s"}' % (b"\\ud83d" * ((size - 11) // 6)),
    "quotes": lambda size: b'"' * size,
    "picture": lambda size: b'{"image":"%s"}' % (b"A" * (size - 12)),
    "picture in lines": lambda size: b'{"image":"%s"}' % (b"AAAAAA\\n" * ((size - 12) // 8)),
    "parts": lambda size: b"--x\r\n" * (size // 5),
}
SENT: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "json": lambda body: {"url": "/extract", "content": body, "type": "application/json"},
    "batch": lambda body: {"url": "/batch", "content": body, "type": "application/x-ndjson"},
    "regions of a form": lambda body: _form("regions", body),
    "ontology of a form": lambda body: _form("ontology", body),
    "labels of a form": lambda body: _form("entity_types", body),
    "urlencoded": lambda body: {
        "url": "/extract",
        "content": urlencode({"text": "a", "regions": body}).encode(),
        "type": "application/x-www-form-urlencoded",
    },
    "multipart": lambda body: {
        "url": "/extract",
        "content": body,
        "type": "multipart/form-data; boundary=x",
    },
}


def _form(name: str, value: bytes) -> dict[str, Any]:
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % name.encode()
    content = head + value + b"\r\n--x--\r\n"
    return {"url": "/extract", "content": content, "type": "multipart/form-data; boundary=x"}


@pytest.fixture(autouse=True, scope="module")
def _warm() -> Iterator[None]:
    """Warm up with one request, and freeze the objects of other tests for the collector."""
    for sent in ("json", "labels of a form", "batch"):
        asyncio.run(_send(SENT[sent](FILLERS["unknown keys"](256))))
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


async def _send(request: dict[str, Any]) -> tuple[httpx.Response, float]:
    """The answer, and the longest that the loop was held meanwhile.

    CPU time of the process is what counts: other processes of the machine must not.
    """
    app = fake_app(Settings(), FakeEngine(), Metrics())
    longest, ended = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not ended:
            before = time.process_time()
            await asyncio.sleep(TICK_S)
            longest = max(longest, time.process_time() - before)

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0)
        headers = {"content-type": request["type"]}
        response = await client.post(request["url"], content=request["content"], headers=headers)
        ended = True
        await watcher
    return response, longest


def _check_refused(response: httpx.Response) -> None:
    assert response.status_code < 500
    for line in response.content.splitlines():
        assert len(line) < 2000


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # examples are too large to shrink
)
@given(
    filler=st.sampled_from(sorted(FILLERS)),
    sent=st.sampled_from(sorted(SENT)),
    size=st.integers(256, MEBIBYTE),
)
def test_no_body_up_to_the_limit_costs_much(filler: str, sent: str, size: int) -> None:
    _check_cost(filler, sent, size)


@pytest.mark.parametrize(
    ("filler", "sent", "size"),
    [
        ("numbers as labels", "json", 2 * MEBIBYTE),
        ("numbers as entities", "json", 24 * MEBIBYTE),
        ("unknown keys", "json", 24 * MEBIBYTE),
        ("unknown keys", "batch", 24 * MEBIBYTE),
        ("regions", "json", 8 * MEBIBYTE),
        ("regions", "batch", 8 * MEBIBYTE),
        ("regions", "regions of a form", 8 * MEBIBYTE),
        ("numbers as labels", "labels of a form", MEBIBYTE - 500),
        ("objects", "json", MEBIBYTE),
        ("nested lists", "json", MEBIBYTE),
        ("unknown keys", "json", MEBIBYTE),
        ("objects", "regions of a form", MEBIBYTE - 500),
        ("quotes", "json", 24 * MEBIBYTE),
        ("picture", "json", 24 * MEBIBYTE),
        ("picture in lines", "json", 24 * MEBIBYTE),
        ("parts", "multipart", 24 * MEBIBYTE),
    ],
)
def test_the_worst_bodies(filler: str, sent: str, size: int) -> None:
    _check_cost(filler, sent, size)


def _check_cost(filler: str, sent: str, size: int) -> None:
    request = SENT[sent](FILLERS[filler](size))
    response, held_s = asyncio.run(_send(request))
    _check_refused(response)
    assert held_s < MAX_LOOP_S
    tracemalloc.start()
    try:
        asyncio.run(_send(request))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_EXTRA_BYTES + len(request["content"])
