"""Broken requests against a live server: `python -m tests.fuzz 20000`.

Requests of every endpoint are mutated in their fields, their bytes and their headers, and sent over
bare sockets. A server passes that answers all of them, and none with an error of its own other than
503 and 504. The known attacks of `tests.support.attacks` follow, which have right answers. Without
--url one is started, over a tiny model.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode, urlsplit

from tests.service.fakes import picture_bytes
from tests.support.attacks import attacks

HANGS_S = 20.0
ADMITTED_5XX = {503, 504}
HASTE: dict[str, Any] = {"body_timeout_s": 1.0, "header_timeout_s": 1.0}
"""Settings of a server that is not kept waiting by bodies that never come."""

TEXT = "Ann visited Bob \N{WAVING HAND SIGN} in Oslo"
PICTURES = (
    picture_bytes(),
    picture_bytes(mode="L", file_format="JPEG"),
    picture_bytes(mode="RGBA", file_format="WEBP"),
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    "",
    " ",
    "\0",
    "a,b",
    "x" * 3000,
    "\u202e\N{ZERO WIDTH JOINER}",
    "[[0,0,1,1]]",
    "name: x\nentities: [a]\n",
    [],
    [[]],
    ["a", "a"],
    ["a"] * 200,
    {},
    {"entities": ["a"], "relations": [{"name": "b", "head": ["a"]}]},
    {"a": {"a": {"a": {}}}},
)
BODIES: dict[str, dict[str, Any]] = {
    "/extract": {"text": TEXT, "tasks": ["entities", "events"], "min_score": 0.1},
    "/extract/entities": {"text": TEXT, "entity_types": ["person", "place"]},
    "/extract/relations": {"text": TEXT, "relation_types": ["knows"], "ontology": "twitter4"},
    "/extract/events": {"text": TEXT, "regions": [[0, 0, 20, 10]]},
    "/instruct": {"text": TEXT, "spots": ["person"], "asocs": ["region"], "form": "grounded"},
    "/choose": {"text": TEXT, "span": {"start": 0, "end": 3}, "options": ["person", "place"]},
    "/ground": {"phrases": ["a flag"], "regions": [[0, 0, 20, 10]]},
    "/batch": {"text": TEXT, "event_types": ["trip"]},
}
PATHS = ("/tasks", "/ontologies/twitter4", "/model", "/v2", "/healthz", "/readyz", "/metrics", "/")


@dataclass
class Report:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is at fault."""
        return not self.faults

    def __str__(self) -> str:
        rows = [f"{count:7d}  {status}" for status, count in sorted(self.statuses.items())]
        return "\n".join([*rows, f"{len(self.faults)} faults", *self.faults[:20]])


def fuzz(address: tuple[str, int], requests: int, *, seed: int = 0, at_once: int = 8) -> Report:
    """Send that many requests, `at_once` at a time; each follows from `seed` and its number."""
    report = Report()
    with ThreadPoolExecutor(at_once) as threads:
        jobs = threads.map(lambda number: _one(address, seed, number), range(requests))
        for number, (status, fault) in enumerate(jobs):
            report.statuses[status] += 1
            if fault:
                report.faults.append(f"request {number} of seed {seed}: {fault}")
    return report


def assail(address: tuple[str, int]) -> Report:
    """Send every known attack; an answer of another status than the right ones is a fault."""
    report = Report()
    for attack in attacks():
        started = time.monotonic()
        answer = _answer(address, attack.request)
        status = answer.split(None, 2)[1].decode() if answer else "hung up"
        report.statuses[status] += 1
        if time.monotonic() - started > HANGS_S:
            report.faults.append(f"{attack.name}: no end within {HANGS_S:g} s")
        elif not answer or int(status) not in attack.statuses:
            right = sorted(attack.statuses)
            report.faults.append(f"{attack.name}: {status}, right is one of {right}")
    return report


def request_of(seed: int, number: int) -> bytes:
    """The request with this number."""
    dice = random.Random(f"{seed}/{number}")
    if dice.random() < 0.1:
        head, body = _get(dice), b""
    else:
        path, fields = dice.choice(list(BODIES.items()))
        head, body = _post(dice, path, _changed(dice, fields))
    if dice.random() < 0.25:
        body = _mangled(dice, body)
    if dice.random() < 0.1:
        head = _mangled(dice, head)
    if dice.random() < 0.1:
        length: object = dice.choice([0, len(body) // 2, len(body) + 9, 10**12, -1, "ten"])
    else:
        length = len(body)
    if b"chunked" not in head:
        head += f"Content-Length: {length}\r\n".encode()
    return head + b"Connection: close\r\n\r\n" + body


def _get(dice: random.Random) -> bytes:
    path = dice.choice(PATHS).encode()
    if dice.random() < 0.5:
        path += b"/" + quote_from_bytes(dice.randbytes(6), safe="").encode() + b"?a=%00"
    method = dice.choice([b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"BREW"])
    return method + b" " + path + b" HTTP/1.1\r\nHost: umie\r\n"


def _post(dice: random.Random, path: str, fields: dict[str, Any]) -> tuple[bytes, bytes]:
    with_picture = dice.random() < 0.4
    picture = dice.choice(PICTURES)
    if with_picture and dice.random() < 0.5:
        picture = _mangled(dice, picture)
    if path == "/batch":
        line = json.dumps(fields).encode()
        media_type, body = "application/x-ndjson", b"\n".join([line] * dice.randrange(1, 4))
        body = _mangled(dice, body) if dice.random() < 0.3 else body
    elif dice.random() < 0.4:
        if with_picture:
            fields["image"] = base64.b64encode(picture).decode()
        media_type, body = "application/json", json.dumps(fields).encode()
    elif with_picture or dice.random() < 0.5:
        media_type = "multipart/form-data; boundary=x"
        body = _multipart(fields, picture if with_picture else None)
    else:
        pairs = [(name, _in_form(value)) for name, value in fields.items()]
        media_type, body = "application/x-www-form-urlencoded", urlencode(pairs).encode()
    if dice.random() < 0.05:
        media_type = dice.choice(
            ["", "text/plain", "multipart/form-data", "application/json; x=\t"]
        )
    head = f"POST {path} HTTP/1.1\r\nHost: umie\r\nContent-Type: {media_type}\r\n"
    if dice.random() < 0.05:
        head += "Transfer-Encoding: chunked\r\n"
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return head.encode(), body


def _multipart(fields: dict[str, Any], picture: bytes | None) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (name.encode(), _in_form(value).encode())
        for name, value in fields.items()
    ]
    if picture is not None:
        head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        parts.append(head + picture + b"\r\n")
    return b"".join(parts) + b"--x--\r\n"


def _in_form(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _changed(dice: random.Random, fields: dict[str, Any]) -> dict[str, Any]:
    fields = dict(fields)
    for _ in range(dice.choice([0, 1, 1, 2, 4])):
        names = [*fields, *dice.choice(list(BODIES.values())), "head", "tail", "constrained", "x"]
        name = dice.choice(names)
        if dice.random() < 0.2:
            fields.pop(name, None)
        else:
            fields[name] = dice.choice(VALUES)
    return fields


def _mangled(dice: random.Random, data: bytes) -> bytes:
    mangled = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 5])):
        where = dice.randrange(len(mangled) + 1)
        kind = dice.randrange(4)
        if kind == 0 and where < len(mangled):
            mangled[where] ^= 1 << dice.randrange(8)
        elif kind == 1:
            mangled[where:where] = dice.randbytes(dice.choice([1, 4, 200]))
        elif kind == 2:
            del mangled[where : where + dice.choice([1, 4, 60])]
        else:
            mangled[where:where] = mangled[where : where + 40] * 3
    return bytes(mangled)


def _one(address: tuple[str, int], seed: int, number: int) -> tuple[str, str | None]:
    """How a request was answered, and what is wrong with that."""
    started = time.monotonic()
    answer = _answer(address, request_of(seed, number))
    if time.monotonic() - started > HANGS_S:
        return "hang", f"no end within {HANGS_S:g} s"
    if not answer:
        return "hung up", None
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(None, 2)[1])
    if status >= 500 and status not in ADMITTED_5XX:
        return str(status), body.decode(errors="replace")
    if b"x-ndjson" in head and b'"internal-error"' in body:
        return str(status), "a line of a batch failed"
    if status >= 400 and body and b"application/problem+json" not in head:
        return str(status), "the error is no problem document"
    return str(status), None


def _answer(address: tuple[str, int], request: bytes) -> bytes:
    """All that the server says; it may hang up while we still send."""
    received = bytearray()
    with socket.create_connection(address, timeout=HANGS_S) as connection:
        try:
            connection.sendall(request)
            while piece := connection.recv(65_536):
                received += piece
        except (ConnectionError, TimeoutError):
            pass
    return bytes(received)


def main() -> int:
    """Fuzz a server and print the report; 1 where something is at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url", help="a server that runs already")
    options = parser.parse_args()

    def run(address: tuple[str, int]) -> Report:
        report = fuzz(address, options.requests, seed=options.seed)
        known = assail(address)
        report.statuses += known.statuses
        report.faults += known.faults
        return report

    report = run(address_of(options.url)) if options.url else _with_own_server(run)
    print(report)
    return 0 if report.passed else 1


def address_of(url: str) -> tuple[str, int]:
    """Where a server is."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _with_own_server(run: Callable[[tuple[str, int]], Report]) -> Report:
    from export.checkpoint import load_checkpoint, save_checkpoint
    from export.exporter import export_bundle
    from tests.support.bundle import tiny_checkpoint
    from tests.support.serving import serving

    with tempfile.TemporaryDirectory() as folder:
        checkpoint, bundle = Path(folder, "checkpoint"), Path(folder, "bundle")
        save_checkpoint(tiny_checkpoint(), checkpoint)
        export_bundle(load_checkpoint(checkpoint), bundle)
        with serving(bundle, **HASTE) as served:
            return run(address_of(f"http://{served}"))


if __name__ == "__main__":
    sys.exit(main())
