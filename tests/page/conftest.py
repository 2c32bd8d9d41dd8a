"""A real browser at a real server.

Chromium is a system tool: without it these tests are skipped, but fail where CI is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine
from tests.service.live import Live, listening

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "no chromium on the path; Debian's package `chromium` has it"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}

expect.set_options(timeout=PATIENCE_MS)


# The scope is the module's: while it lives no other event loop can run in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


Server = Callable[..., Live]


@pytest.fixture
def serve(engine: FakeEngine) -> Iterator[Server]:
    """Starts the service over the fake engine with the given settings."""
    with ExitStack() as stack:

        def serve(**options: Any) -> Live:
            settings = Settings(log_level="error", **options)
            return stack.enter_context(listening(settings, engine, Metrics()))

        yield serve


@pytest.fixture
def live(serve: Server) -> Live:
    return serve()


@dataclass
class Visit:
    """A page of the server at `url`, its requests, and its errors."""

    page: Page
    url: str
    expected: tuple[str, ...]
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def listen(self) -> None:
        page, errors = self.page, self.errors
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("requestfailed", lambda request: errors.append(f"{request.failure} {request.url}"))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: line.type in QUIET or errors.append(line.text))

    def check(self) -> None:
        """Fail on unexpected errors and on requests to other origins."""
        own = (self.url, "blob:", "data:")
        assert [url for url in self.requests if not url.startswith(own)] == []
        assert [
            error for error in self.errors if not any(words in error for words in self.expected)
        ] == []


Visitor = Callable[..., Page]
QUIET = ("log", "info", "debug")
ABORTED = "net::ERR_ABORTED"
"""How the browser reports a request that the page aborts."""


@pytest.fixture
def visit(browser: Browser, serve: Server) -> Iterator[Visitor]:
    """Opens a page, and closes it before its server stops.

    The options name the errors that a test provokes: `refused` are statuses, `gone` is a stopped
    server, `lost` a deleted image file, `stopped` an aborted request.
    """
    visits: list[Visit] = []

    def visit(
        url: str,
        *,
        path: str = "",
        refused: tuple[int, ...] = (),
        gone: bool = False,
        lost: bool = False,
        stopped: bool = False,
        **options: Any,
    ) -> Page:
        expected = [f"responded with a status of {status} " for status in refused]
        expected += ["net::ERR_CONNECTION"] * gone + [ABORTED] * stopped
        expected += ["net::ERR_UPLOAD_FILE_CHANGED", "net::ERR_FILE_NOT_FOUND"] * lost
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(PATIENCE_MS)
        made = Visit(context.new_page(), url, tuple(expected))
        made.listen()
        visits.append(made)
        made.page.goto(url + path)
        return made.page

    yield visit
    for made in visits:
        made.page.context.close()
        made.check()


def ready(page: Page) -> Page:
    """The page, once the catalogue is loaded."""
    expect(page.locator("#inventory")).to_contain_text("entity")
    return page


def fill(page: Page, text: str = "", picture: bytes | None = None, name: str = "a.png") -> None:
    """Enter a text and choose an image."""
    page.get_by_label("Text", exact=True).fill(text)
    if picture is not None:
        kind = "image/png" if name.endswith("png") else "image/jpeg"
        file = {"name": name, "mimeType": kind, "buffer": picture}
        page.get_by_label("Image").set_input_files(files=[file])  # type: ignore[list-item]
        expect(page.locator("#file-name")).to_have_text(name)


def extract(page: Page) -> dict[str, Any]:
    """Press Extract; returns the answer, once it is shown."""
    with page.expect_response("**/extract") as caught:
        page.get_by_role("button", name="Extract").click()
    assert caught.value.ok, caught.value.text()
    answer: dict[str, Any] = caught.value.json()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    return answer
