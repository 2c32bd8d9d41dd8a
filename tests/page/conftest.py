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
    """The service over the fake engine, with settings of a test's own."""
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
    """A page at the server at `url`, what it asked for, and what it complained of."""

    page: Page
    url: str
    expected: tuple[str, ...]
    asked: list[str] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)

    def listen(self) -> None:
        page, noise = self.page, self.noise
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("requestfailed", lambda request: noise.append(f"{request.failure} {request.url}"))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on("console", lambda said: said.type in QUIET or noise.append(said.text))

    def check(self) -> None:
        """Nothing failed, complained, or came from elsewhere, but for what was expected."""
        own = (self.url, "blob:", "data:")
        assert [asked for asked in self.asked if not asked.startswith(own)] == []
        assert [
            noise for noise in self.noise if not any(words in noise for words in self.expected)
        ] == []


Visitor = Callable[..., Page]
QUIET = ("log", "info", "debug")
GIVEN_UP = "net::ERR_ABORTED"
"""What the browser says of a request that the page itself ends."""


@pytest.fixture
def visit(browser: Browser, serve: Server) -> Iterator[Visitor]:
    """Opens a page, and closes it before its server ends.

    `refused` are the statuses that a test provokes, `gone` says that it ends the server, `lost`
    a picture's file, `stopped` that the page gives a request up.
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
        expected += ["net::ERR_CONNECTION"] * gone + [GIVEN_UP] * stopped
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
    """The page once it knows what can be asked."""
    expect(page.locator("#inventory")).to_contain_text("entity")
    return page


def fill(page: Page, text: str = "", picture: bytes | None = None, name: str = "a.png") -> None:
    """Type a text and choose a picture."""
    page.get_by_label("Text", exact=True).fill(text)
    if picture is not None:
        kind = "image/png" if name.endswith("png") else "image/jpeg"
        file = {"name": name, "mimeType": kind, "buffer": picture}
        page.get_by_label("Picture").set_input_files(files=[file])  # type: ignore[list-item]
        expect(page.locator("#file-name")).to_have_text(name)


def extract(page: Page) -> dict[str, Any]:
    """Press the button; the service's answer, once it is shown."""
    with page.expect_response("**/extract") as caught:
        page.get_by_role("button", name="Extract").click()
    assert caught.value.ok, caught.value.text()
    answer: dict[str, Any] = caught.value.json()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    return answer
