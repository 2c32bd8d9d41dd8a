"""What goes wrong is told beside the form, and the next request works."""

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


def told(page: Page, *words: str) -> None:
    for word in words:
        expect(page.get_by_role("alert")).to_contain_text(word)


def ask(page: Page) -> None:
    page.get_by_role("button", name="Extract").click()


def works_again(page: Page) -> None:
    fill(page, TEXT)
    assert len(extract(page)["entities"]) == 3
    expect(page.get_by_role("alert")).to_be_empty()


def listens(live: Live) -> bool:
    try:
        live.connect().close()
    except OSError:
        return False
    return True


def test_an_empty_form_is_told_without_asking(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask(page)
    told(page, "Neither text nor picture", "Type a text")
    text = page.get_by_label("Text", exact=True)
    expect(text).to_have_attribute("aria-invalid", "true")
    fill(page, TEXT)
    for task in ("entities", "relations", "events"):
        page.get_by_label(task).uncheck()
    ask(page)
    told(page, "nothing to look for", "Tick at least one")
    assert asked == []
    page.get_by_label("entities").check()
    extract(page)
    expect(text).not_to_have_attribute("aria-invalid", "true")


def test_other_files_are_refused_at_once(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url))
    fill(page, picture=PICTURE)
    letter = {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    page.get_by_label("Picture").set_input_files(files=[letter])  # type: ignore[list-item]
    told(page, "format is not supported", "file letter.pdf is application/pdf", "JPEG, PNG or WebP")
    expect(page.locator("#file-name")).to_have_text("a.png")


def test_large_files_are_refused_before_they_are_sent(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve(max_image_bytes=2000, max_text_chars=20).url))
    large = {"name": "large.png", "mimeType": "image/png", "buffer": PICTURE + bytes(4000)}
    page.get_by_label("Picture").set_input_files(files=[large])  # type: ignore[list-item]
    told(page, "too large", "file large.png has 5 KiB, at most 2 KiB", "smaller")
    expect(page.locator("#chosen")).to_be_hidden()
    fill(page, "👋" * 21)
    ask(page)
    told(page, "too long", "It has 21 characters, at most 20")
    fill(page, "👋" * 20)
    assert extract(page)["entities"] == []


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"Dear Sir or Madam", 415, ["format is not supported", "Choose a JPEG"]),
        (NOISE.read_bytes()[:9000], 422, ["cannot be decoded", "broken or incomplete"]),
        (picture_bytes((700, 500)), 413, ["too large", "scale it down"]),
    ],
)
def test_a_bad_picture_is_told(
    visit: Visitor, serve: Server, data: bytes, status: int, words: list[str]
) -> None:
    page = ready(visit(serve(max_image_pixels=300_000).url, refused=(status,)))
    fill(page, TEXT, data, "bad.jpg")
    ask(page)
    told(page, *words)
    expect(page.get_by_label("Picture")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Remove the picture").click()
    expect(page.get_by_role("alert")).to_be_empty()
    works_again(page)


def test_bad_labels_are_told_where_they_are(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url, refused=(422,)))
    fill(page, TEXT)
    page.locator("#own summary").click()
    page.get_by_label("Entity types").fill("a, b, A")
    page.locator("#own summary").click()
    ask(page)
    told(page, "label is given twice", "Each label once")
    field = page.get_by_label("Entity types")
    expect(field).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_a_full_service_says_when_to_come_back(
    visit: Visitor, serve: Server, engine: FakeEngine
) -> None:
    page = ready(visit(serve().url, refused=(429,)))
    fill(page, TEXT)
    engine.fail = lambda: QueueFull("full")
    ask(page)
    told(page, "More work waits", "Your input is kept")
    engine.fail = None
    page.get_by_role("button", name="Try again", exact=True).click()
    expect(page.locator(".mark.entity")).to_have_count(3)
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_service_that_fails_is_told(visit: Visitor, serve: Server, engine: FakeEngine) -> None:
    page = ready(visit(serve().url, refused=(500, 503, 504)))
    fill(page, TEXT)
    engine.ready = False
    ask(page)
    told(page, "takes no work now", "Try again in")
    engine.ready = True
    engine.fail = lambda: DeadlineExceeded("late")
    ask(page)
    told(page, "not ready in time", "shorter text")
    engine.fail = lambda: RuntimeError("a bug")
    ask(page)
    told(page, "The service failed", "Request ")
    engine.fail = None
    works_again(page)


def test_the_last_answer_stays_when_the_next_fails(
    visit: Visitor, serve: Server, engine: FakeEngine
) -> None:
    page = ready(visit(serve().url, refused=(503,)))
    works_again(page)
    engine.ready = False
    ask(page)
    told(page, "takes no work now")
    expect(page.locator(".mark.entity")).to_have_count(3)
    expect(page.get_by_text("No new answer; this is the last one.")).to_be_visible()


def test_a_service_that_is_gone_is_told(visit: Visitor, serve: Server) -> None:
    live = serve()
    page = ready(visit(live.url, gone=True))
    fill(page, TEXT)
    live.listener.should_exit = True
    wait_until(lambda: not listens(live))
    ask(page)
    told(page, "cannot be reached", "Your input is kept")
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXT)


def test_a_picture_that_is_gone_is_told(visit: Visitor, serve: Server, tmp_path: Path) -> None:
    page = ready(visit(serve().url, lost=True))
    (tmp_path / "gone.png").write_bytes(PICTURE)
    page.get_by_label("Picture").set_input_files(tmp_path / "gone.png")
    expect(page.locator("#file-facts")).to_contain_text("400")
    (tmp_path / "gone.png").unlink()
    ask(page)
    told(page, "cannot be read any more", "gone.png has changed", "Choose the picture again")


def test_what_a_proxy_answers_is_told(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve().url, refused=(502,)))

    def answer(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")

    page.route("**/extract", answer)
    fill(page, TEXT)
    ask(page)
    told(page, "HTTP status 502", "between this page and the service")


def test_a_key_is_asked_for_and_kept_in_memory_only(
    visit: Visitor, serve: Server, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("0123456789abcdef\n", encoding="utf-8")
    page = visit(serve(api_keys_file=tmp_path / "keys").url, refused=(401,))
    key = page.get_by_label("Key")
    expect(key).to_be_focused()
    told(page, "A key of the service is needed", "Enter a key")
    page.get_by_role("button", name="Own labels").first.click()
    key.fill("wrong-wrong-wrong")
    ask(page)
    told(page, "The key is not known")
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
