"""Errors are shown beside the form, and the next request works."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tasks.errors import DeadlineExceeded, QueueFull
from tests.page.conftest import Server, Visitor, extract, fill, ready
from tests.service.fakes import TEXT, FakeEngine, picture_bytes
from tests.service.live import Live, wait_until

PICTURE = picture_bytes((400, 200), colour="teal")
NOISE = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"


def shows(page: Page, *words: str) -> None:
    for word in words:
        expect(page.get_by_role("alert")).to_contain_text(word)


def ask(page: Page) -> None:
    page.get_by_role("button", name="Extract").click()


def works_again(page: Page) -> None:
    fill(page, TEXT)
    assert len(extract(page)["entities"]) == 3
    expect(page.get_by_role("alert")).to_be_empty()


def accepts_connections(live: Live) -> bool:
    try:
        live.connect().close()
    except OSError:
        return False
    return True


def test_an_empty_form_is_reported_without_a_request(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page)
    shows(page, "Text or image must be given", "Enter a text")
    text = page.get_by_label("Text", exact=True)
    expect(text).to_have_attribute("aria-invalid", "true")
    fill(page, TEXT)
    for task in ("entities", "relations", "events"):
        page.get_by_label(task).uncheck()
    ask(page)
    shows(page, "No task is selected", "Select at least one")
    assert asked == []
    page.get_by_label("entities").check()
    extract(page)
    expect(text).not_to_have_attribute("aria-invalid", "true")


def test_other_files_are_refused_at_once(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url))
    fill(page, picture=PICTURE)
    letter = {"name": "letter.rtf", "mimeType": "application/rtf", "buffer": b"{}"}
    page.get_by_label("Image").set_input_files(files=[letter])  # type: ignore[list-item]
    shows(page, "format is not supported", "file letter.rtf is application/rtf", "AVIF or HEIC")
    expect(page.locator("#file-name")).to_have_text("a.png")


def test_large_files_are_refused_before_they_are_sent(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve(max_image_bytes=2000, max_text_chars=20).url))
    large = {"name": "large.png", "mimeType": "image/png", "buffer": PICTURE + bytes(4000)}
    page.get_by_label("Image").set_input_files(files=[large])  # type: ignore[list-item]
    shows(page, "too large", "file large.png has 5 KiB; it must have at most 2 KiB", "smaller")
    expect(page.locator("#chosen")).to_be_hidden()
    fill(page, "👋" * 21)
    ask(page)
    shows(page, "too long", "Text must have at most 20 characters, not 21")
    fill(page, "👋" * 20)
    assert extract(page)["entities"] == []


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"Dear Sir or Madam", 415, ["format is not supported", "Choose a JPEG"]),
        (NOISE.read_bytes()[:9000], 422, ["cannot be decoded", "damaged or incomplete"]),
        (picture_bytes((700, 500)), 413, ["too large", "scale it down"]),
    ],
)
def test_an_invalid_image_is_reported(
    visit: Visitor, serve: Server, data: bytes, status: int, words: list[str]
) -> None:
    page = ready(visit(serve(max_image_pixels=300_000).url, refused=(status,)))
    fill(page, TEXT, data, "bad.jpg")
    ask(page)
    shows(page, *words)
    expect(page.get_by_label("Image")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Remove the image").click()
    expect(page.get_by_role("alert")).to_be_empty()
    works_again(page)


def test_invalid_labels_are_reported_at_their_field(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url, refused=(422,)))
    fill(page, TEXT)
    page.locator("#own summary").click()
    page.get_by_label("Entity types").fill("a, b, A")
    page.locator("#own summary").click()
    ask(page)
    shows(page, "label must be given once", "Give each label once")
    field = page.get_by_label("Entity types")
    expect(field).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_a_full_queue_offers_a_retry(visit: Visitor, serve: Server, engine: FakeEngine) -> None:
    page = ready(visit(serve().url, refused=(429,)))
    fill(page, TEXT)
    engine.fail = lambda: QueueFull("full")
    ask(page)
    shows(page, "The queue is full", "Your input is kept")
    engine.fail = None
    page.get_by_role("button", name="Try again", exact=True).click()
    expect(page.locator(".mark.entity")).to_have_count(3)
    expect(page.get_by_role("alert")).to_be_empty()


def test_failures_of_the_service_are_reported(
    visit: Visitor, serve: Server, engine: FakeEngine
) -> None:
    page = ready(visit(serve().url, refused=(500, 503, 504)))
    fill(page, TEXT)
    engine.ready = False
    ask(page)
    shows(page, "The model is not available", "Try again in")
    engine.ready = True
    engine.fail = lambda: DeadlineExceeded("late")
    ask(page)
    shows(page, "not ready in time", "shorter text")
    engine.fail = lambda: RuntimeError("a bug")
    ask(page)
    shows(page, "The service failed", "Request ")
    engine.fail = None
    works_again(page)


def test_the_previous_answer_stays_when_a_request_fails(
    visit: Visitor, serve: Server, engine: FakeEngine
) -> None:
    page = ready(visit(serve().url, refused=(503,)))
    works_again(page)
    engine.ready = False
    ask(page)
    shows(page, "The model is not available")
    expect(page.locator(".mark.entity")).to_have_count(3)
    expect(page.get_by_text("The request failed; the previous answer is shown.")).to_be_visible()


def test_an_unreachable_service_is_reported(visit: Visitor, serve: Server) -> None:
    live = serve()
    page = ready(visit(live.url, gone=True))
    fill(page, TEXT)
    live.server.should_exit = True
    wait_until(lambda: not accepts_connections(live))
    ask(page)
    shows(page, "cannot be reached", "Your input is kept")
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXT)


def test_a_deleted_image_file_is_reported(visit: Visitor, serve: Server, tmp_path: Path) -> None:
    page = ready(visit(serve().url, lost=True))
    (tmp_path / "gone.png").write_bytes(PICTURE)
    page.get_by_label("Image").set_input_files(tmp_path / "gone.png")
    expect(page.locator("#file-facts")).to_contain_text("400")
    (tmp_path / "gone.png").unlink()
    ask(page)
    shows(page, "can no longer be read", "gone.png has changed", "Choose the file again")


def test_a_response_of_a_proxy_is_reported(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url, refused=(502,)))

    def answer(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")

    page.route("**/extract", answer)
    fill(page, TEXT)
    ask(page)
    shows(page, "HTTP status 502", "a proxy between this page and the service")


def test_a_key_is_asked_for_and_kept_in_memory_only(
    visit: Visitor, serve: Server, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("0123456789abcdef\n", encoding="utf-8")
    page = visit(serve(api_keys_file=tmp_path / "keys").url, refused=(401,))
    key = page.get_by_label("API key")
    expect(key).to_be_focused()
    shows(page, "A valid API key is required", "Enter an API key")
    page.get_by_role("button", name="Custom labels").first.click()
    key.fill("wrong-wrong-wrong")
    ask(page)
    shows(page, "The key is unknown")
    key.fill("0123456789abcdef")
    with page.expect_response("**/ontologies"):
        assert {entity["type"] for entity in extract(page)["entities"]} == {"band"}
    ready(page)
    stored = "() => [localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(stored) == [0, 0, ""]
    page.get_by_text("curl", exact=True).click()
    command = page.get_by_role("region", name="curl").inner_text()
    assert "0123456789abcdef" not in command and "$UMIE_API_KEY" in command
    page.reload()
    expect(key).to_have_value("")
