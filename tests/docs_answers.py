"""Puts the shipped weights' answers into the documents: `python -m tests.docs_answers`.

In README.md and docs/, or in the pages that are named, each JSON block that stands directly behind
a request to localhost:8000 is replaced with the answer. `--at HOST:PORT` asks a server that runs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.serving import serving
from tests.support.shown import shown

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
REQUEST = re.compile(
    r"^```sh\n(?P<command>[^\n]*\bcurl\b[^\n]*localhost:8000[^\n]*)\n```\n\n"
    r"```json\n(?P<answer>.*?)^```$",
    re.M | re.S,
)


def objects_in(text: str) -> list[dict[str, Any]]:
    """The JSON objects that stand behind each other in a text."""
    found, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def ask(command: str, address: str) -> list[dict[str, Any]]:
    """What the command prints, asked of the server at `address`."""
    run = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", address)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return objects_in(run.stdout)


def examples(page: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """The requests of a page with the answers that it shows."""
    found = REQUEST.finditer(page.read_text(encoding="utf-8"))
    return [(match["command"], objects_in(match["answer"])) for match in found]


def refreshed(text: str, address: str) -> str:
    """A page's text with the answers of the server at `address`."""

    def put(match: re.Match[str]) -> str:
        ask(match["command"], address)  # the second time tells what an answer usually takes
        answers = "\n".join(map(shown, ask(match["command"], address)))
        return match[0].replace(match["answer"], f"{answers}\n")

    return REQUEST.sub(put, text)


@contextmanager
def server(address: str | None) -> Iterator[str]:
    """The given address, or that of a server over the bundle of the shipped weights."""
    if address is not None:
        yield address
        return
    with serving(ROOT / "bundles" / "standard", visual_cache_items=0) as own:
        yield own


def main() -> None:
    """Rewrite the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, default=PAGES)
    parser.add_argument("--at", metavar="HOST:PORT", help="ask this server")
    given = parser.parse_args()
    with server(given.at) as address:
        for page in given.pages:
            text = page.read_text(encoding="utf-8")
            if (new := refreshed(text, address)) != text:
                page.write_text(new, encoding="utf-8")
                print(page)


if __name__ == "__main__":
    main()
