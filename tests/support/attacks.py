"""Requests that were faults once, byte by byte, with the statuses that are right."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from functools import cache

from tests.service.fakes import picture_bytes

REFUSED = frozenset({400, 413, 415, 422, 429, 503})
_HEAD = b"Host: umie\r\nConnection: close\r\n"
_TEXT = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAnn met Bob\r\n'
_IMAGE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
_MULTIPART = "multipart/form-data; boundary=x"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Attack:
    """What is sent, and what may come back."""

    name: str
    request: bytes
    statuses: frozenset[int]


def post(body: bytes, media_type: str = "application/json", path: str = "/extract") -> bytes:
    """A request whose length is true."""
    head = f"POST {path} HTTP/1.1\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + _HEAD + b"\r\n" + body


def get(target: str, method: str = "GET") -> bytes:
    """A request without a body."""
    return f"{method} {target} HTTP/1.1\r\n".encode() + _HEAD + b"\r\n"


@cache
def vast_picture(size: tuple[int, int] = (7000, 5700)) -> bytes:
    """One colour, so that few bytes become many pixels."""
    return picture_bytes(size, mode="RGB", file_format="JPEG")


def with_picture(picture: bytes) -> bytes:
    """A whole multipart request."""
    return post(_TEXT + _IMAGE + picture + b"\r\n--x--\r\n", _MULTIPART)


@cache
def hostile_json() -> list[Attack]:
    """Small bodies that would take much time or memory; made once, as that takes time too."""
    ones = b",".join([b"1"] * 700_000)
    keys = b",".join(b'"k%d":1' % n for n in range(150_000))
    bodies = {
        "ontology of numbers": b'{"text":"a","ontology":{"entities":[%s]}}' % ones,
        "entity types of numbers": b'{"text":"a","entity_types":[%s]}' % ones,
        "unknown keys": b'{"text":"a",%s}' % keys,
        "regions": b'{"text":"a","regions":[%s]}' % b",".join([b"[0,0,1,1]"] * 150_000),
        "nesting": b'{"text":"a","ontology":%s}' % (b"[" * 100_000 + b"]" * 100_000),
    }
    attacks = [Attack(f"JSON: {n}", post(body), REFUSED) for n, body in bodies.items()]
    line = bodies["entity types of numbers"]
    batch = post(line, "application/x-ndjson", "/batch")
    return [*attacks, Attack("batch line of numbers", batch, REFUSED | {200})]


def vast_pictures(count: int = 1) -> list[Attack]:
    """Valid pictures of few bytes and many pixels, none of which was sent before.

    What stands behind a picture makes another file of it: the same one is answered from a cache.
    """
    statuses = frozenset({200, 413, 422, 429, 503, 504})
    files = (vast_picture() + secrets.token_bytes(16) for _ in range(count))
    return [Attack("vast picture", with_picture(file), statuses) for file in files]


def cut_bodies() -> list[Attack]:
    """Bodies that end too soon, with an honest length."""
    whole = _TEXT + _IMAGE + picture_bytes() + b"\r\n--x--\r\n"
    picture = whole.index(b'filename="a"') + 40
    cuts = {"picture": picture, "last boundary": len(whole) - 6, "boundary": len(whole) - 9}
    bad = frozenset({400})
    return [
        Attack(f"cut in the {name}", post(whole[:at], _MULTIPART), bad) for name, at in cuts.items()
    ] + [Attack("cut in the text", post(_TEXT[:-6], _MULTIPART), bad)]


def wire_faults() -> list[Attack]:
    """Encodings, duplicates, byte order marks and forms of requests."""
    bad, twice, ok = frozenset({400}), frozenset({422}), frozenset({200})
    mark = b"\xef\xbb\xbf"
    text = json.dumps({"text": "Ann met Bob"}).encode()
    broken = _TEXT.replace(b"Ann", b"Z\xc3\xbcrich \xff") + b"--x--\r\n"
    chunked = post(text).replace(b"Host", b"Transfer-Encoding: chunked\r\nHost", 1)
    gzipped = post(text).replace(b"Host", b"Content-Encoding: gzip\r\nHost", 1)
    loose = base64.b64encode(picture_bytes()).decode().rstrip("=")
    return [
        Attack("bad UTF-8 in multipart", post(broken, _MULTIPART), bad),
        Attack("bad UTF-8 in a form", post(b"text=Ann%FF", _FORM), bad),
        Attack("bad UTF-8 in JSON", post(b'{"text":"Ann\xff"}'), bad),
        Attack("duplicate keys", post(b'{"text":"a","text":"b"}'), twice),
        Attack("nested duplicate keys", post(b'{"text":"a","ontology":{"a":1,"a":2}}'), twice),
        Attack("BOM", post(mark + text), ok),
        Attack("BOM in a batch", post(mark + text, "application/x-ndjson", "/batch"), ok),
        Attack("gzip", gzipped, frozenset({415})),
        Attack("length and chunks", chunked, bad),
        Attack("HEAD of a probe", get("/healthz", "HEAD"), ok),
        Attack("HEAD of readiness", get("/readyz", "HEAD"), ok),
        Attack("absolute form", get("http://umie/healthz"), ok),
        Attack("unpadded base64", post(json.dumps({"text": "a", "image": loose}).encode()), ok),
        Attack("negative zero", post(b'{"text":"a","min_score":-0.0}'), ok),
    ]


def attacks() -> list[Attack]:
    """All of them."""
    return [*hostile_json(), *vast_pictures(), *cut_bodies(), *wire_faults()]
