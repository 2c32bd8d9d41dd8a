"""Documents on the page: their text is shown as it was read, long ones passage by passage."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Server, Visitor, extract, fill, ready
from tests.page.test_form import FILE_OF
from tests.service.fakes import TEXT, FakeEngine, picture_bytes
from tests.service.live import Live
from tests.support.documents import docx, paragraph, pdf

WORDS = "Ann visited Bob in Oslo"
DOCUMENTS = {
    "post.txt": TEXT.encode(),
    "post.md": TEXT.encode(),
    "page.html": f"<h1>News</h1><p>{TEXT}".encode(),
    "letter.docx": docx(paragraph(TEXT)),
    "letter.pdf": pdf(WORDS),
}


@pytest.fixture
def page(visit: Visitor, live: Live) -> Page:
    return ready(visit(live.url))


def choose(page: Page, name: str, data: bytes) -> None:
    file = {"name": name, "mimeType": "", "buffer": data}
    page.get_by_label("Image or document").set_input_files(files=[file])  # type: ignore[list-item]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_chosen_document_is_shown_with_its_spans(page: Page, name: str) -> None:
    choose(page, name, DOCUMENTS[name])
    expect(page.locator("#document-name")).to_have_text(name)
    answer = extract(page)
    assert len(answer["entities"]) >= 3
    expect(page.locator(".passage")).to_contain_text("visited")
    for entity in answer["entities"]:
        assert answer["text"][entity["start"] : entity["end"]] == entity["text"]
        mark = page.locator(f'.mark[data-key="entity {entity["id"]}"]').first
        expect(mark).to_contain_text(entity["text"])


def test_a_document_and_a_picture_can_be_dropped(page: Page) -> None:
    for name, data in (("a.pdf", pdf(WORDS)), ("a.png", picture_bytes((60, 30)))):
        encoded = base64.b64encode(data).decode()
        transfer = page.evaluate_handle(FILE_OF, [encoded, name, ""])
        page.dispatch_event("footer", "drop", {"dataTransfer": transfer})
    expect(page.locator("#document-name")).to_have_text("a.pdf")
    expect(page.locator("#file-name")).to_have_text("a.png")
    answer = extract(page)
    assert answer["text"] == WORDS and answer["image"] == {"width": 60, "height": 30}
    page.get_by_role("button", name="Remove the document").click()
    expect(page.locator("#document")).to_be_hidden()
    expect(page.get_by_label("Image or document")).to_be_focused()
    fill(page, "Bob slept")
    assert "text" not in extract(page)


@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("a.pdf", b"no PDF", 422, ["cannot be read", "damaged", "paste its text"]),
        ("a.txt", b"Ann " * 100, 413, ["too large", "at most 300", "Split the document"]),
    ],
)
def test_what_is_wrong_with_a_document_is_shown_at_the_field(
    visit: Visitor, serve: Server, name: str, data: bytes, status: int, words: list[str]
) -> None:
    page = ready(visit(serve(max_text_chars=300).url, refused=(status,)))
    choose(page, name, data)
    page.get_by_role("button", name="Extract").click()
    for word in words:
        expect(page.get_by_role("alert")).to_contain_text(word)
    field = page.get_by_label("Image or document")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Remove the document").click()
    expect(page.get_by_role("alert")).to_be_empty()


def test_faults_are_found_before_a_document_is_sent(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve(max_document_bytes=2000).url))
    choose(page, "a.pdf", bytes(5000))
    expect(page.get_by_role("alert")).to_contain_text("a.pdf has 5 KiB; it must have at most 2 KiB")
    expect(page.locator("#document")).to_be_hidden()
    choose(page, "a.txt", b"Ann")
    fill(page, TEXT)
    page.get_by_role("button", name="Extract").click()
    expect(page.get_by_role("alert")).to_contain_text("Remove the document, or clear the text")
    expect(page.get_by_label("Text", exact=True)).to_have_attribute("aria-invalid", "true")


def test_characters_are_counted(visit: Visitor, serve: Server) -> None:
    page = ready(visit(serve(max_text_chars=1200).url))
    counter = page.locator("#counter")
    expect(counter).to_have_text("0 of 1,200 characters")
    fill(page, "👋🏽 Ann")
    expect(counter).to_have_text("6 of 1,200 characters")
    expect(page.get_by_label("Text", exact=True)).to_have_accessible_description(
        "6 of 1,200 characters"
    )
    fill(page, "a" * 1201)
    expect(counter).to_have_class("quiet over")


def test_passages_are_shown_as_they_are_done(page: Page, engine: FakeEngine) -> None:
    engine.pause_s = 1.0
    fill(page, f"{WORDS}. " * 200)
    page.get_by_label("relations").uncheck()
    page.get_by_label("events").uncheck()
    page.get_by_role("button", name="Extract").click()
    expect(page.locator("#status")).to_contain_text("Passage 8 of")
    expect(page.locator(".passages .passage").first).to_contain_text("Ann")
    expect(page.locator(".passages .tag").first).to_be_visible()
    engine.pause_s = 0.0
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.locator(".passages")).to_have_count(0)
    expect(page.locator("#status")).to_contain_text("entities")
