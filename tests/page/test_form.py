"""How a request is put together on the page."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import Visitor, extract, fill, ready
from tests.service.fakes import TEXT, FakeEngine, picture_bytes
from tests.service.live import Live
from tests.support.heic_files import heic

PICTURE = picture_bytes((60, 30), colour="teal")
FILE_OF = """([data, name, type]) => {
    const bytes = Uint8Array.from(atob(data), sign => sign.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    return transfer;
}"""


@pytest.fixture
def page(visit: Visitor, live: Live) -> Page:
    return ready(visit(live.url, permissions=["clipboard-read", "clipboard-write"]))


def test_a_picture_can_be_picked_and_removed(page: Page) -> None:
    fill(page, TEXT, PICTURE)
    expect(page.locator("#file-facts")).to_contain_text("60 \N{MULTIPLICATION SIGN} 30")
    assert extract(page)["image"] == {"width": 60, "height": 30}
    page.get_by_role("button", name="Remove the image").click()
    expect(page.locator("#chosen")).to_be_hidden()
    assert extract(page)["image"] is None


def test_an_image_that_the_browser_cannot_display_is_extracted(page: Page) -> None:
    file = {"name": "phone.heic", "mimeType": "image/heic", "buffer": heic("noise-RGB")}
    page.get_by_label("Image").set_input_files(files=[file])  # type: ignore[list-item]
    expect(page.locator("#file-name")).to_have_text("phone.heic")
    expect(page.locator("#file-facts")).to_contain_text("this browser cannot display it")
    assert extract(page)["image"] == {"width": 48, "height": 32}
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_text("This browser cannot display phone.heic")).to_be_visible()
    size = answer.get_by_role("img", name="phone.heic").bounding_box()
    assert size is not None and (size["width"], size["height"]) == (48, 32)


@pytest.mark.parametrize("kind", ["gif", "bmp", "avif"])
def test_every_format_that_browsers_display_has_a_preview(page: Page, kind: str) -> None:
    data = picture_bytes((60, 30), file_format=kind.upper())
    file = {"name": f"a.{kind}", "mimeType": f"image/{kind}", "buffer": data}
    page.get_by_label("Image").set_input_files(files=[file])  # type: ignore[list-item]
    expect(page.locator("#file-facts")).to_contain_text("60 \N{MULTIPLICATION SIGN} 30")
    assert extract(page)["image"] == {"width": 60, "height": 30}


@pytest.mark.parametrize("place", ["#drop", "footer"])
def test_a_picture_can_be_dropped_anywhere(page: Page, place: str) -> None:
    data = base64.b64encode(PICTURE).decode()
    transfer = page.evaluate_handle(FILE_OF, [data, "dropped.png", "image/png"])
    for kind in ("dragover", "drop"):
        page.dispatch_event(place, kind, {"dataTransfer": transfer})
    expect(page.locator("#file-name")).to_have_text("dropped.png")
    assert extract(page)["image"] == {"width": 60, "height": 30}


def test_a_picture_can_be_pasted(page: Page) -> None:
    page.evaluate(
        """async (data) => {
            const bytes = Uint8Array.from(atob(data), sign => sign.charCodeAt(0));
            const blob = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(PICTURE).decode(),
    )
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#file-name")).to_be_visible()
    assert extract(page)["image"] == {"width": 60, "height": 30}


def test_pasted_words_go_into_the_text(page: Page) -> None:
    page.evaluate("() => navigator.clipboard.writeText('Ann visited Bob')")
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Ann visited Bob")
    expect(page.locator("#chosen")).to_be_hidden()


def test_examples_fill_the_form(page: Page) -> None:
    examples = page.get_by_role("group", name="Examples")
    examples.get_by_role("button", name="Caption").click()
    expect(page.locator("#file-name")).to_have_text("chelsea.jpg")
    expect(page.get_by_label("Ontology", exact=True)).to_have_value("flickr30k")
    assert extract(page)["image"] == {"width": 451, "height": 300}
    examples.get_by_role("button", name="Custom labels").click()
    expect(page.locator("#chosen")).to_be_hidden()
    expect(page.get_by_label("Ontology", exact=True)).to_have_value("news")
    answer = extract(page)
    assert {entity["type"] for entity in answer["entities"]} == {"band"}
    assert answer["gate"]["events"] is None


def test_what_is_asked_for_is_what_was_chosen(page: Page, engine: FakeEngine) -> None:
    fill(page, TEXT)
    page.get_by_label("relations").uncheck()
    page.get_by_label("events").uncheck()
    page.get_by_label("Ontology", exact=True).select_option("crossner_music")
    expect(page.locator("#inventory")).to_have_text(
        "13 entity types, no relation types, no event types"
    )
    page.get_by_label("Minimum score").fill("0.75")
    expect(page.locator("#min_score_shown")).to_have_text("0.75")
    answer = extract(page)
    assert [entity["text"] for entity in answer["entities"]] == ["Ann"]
    assert answer["relations"] == answer["events"] == []
    (asked,) = engine.rounds[-1]
    assert len(asked.source.spots) == 13


def test_own_labels_stand_in_for_the_lists(page: Page, engine: FakeEngine) -> None:
    fill(page, TEXT)
    page.locator("#own summary").click()
    page.get_by_label("Entity types").fill(" hero ,city, ")
    page.get_by_label("Relation types").fill("greets")
    page.get_by_label("Event types").fill("journey")
    answer = extract(page)
    assert {entity["type"] for entity in answer["entities"]} == {"hero"}
    assert {relation["type"] for relation in answer["relations"]} == {"greets"}
    assert {event["type"] for event in answer["events"]} == {"journey"}
    assert [spot.name for spot in engine.rounds[0][0].source.spots] == ["hero", "city"]


def test_a_request_needs_no_mouse(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Portrait")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    page.keyboard.type(TEXT)
    order = [
        page.get_by_label("Image"),
        page.get_by_label("entities"),
        page.get_by_label("relations"),
        page.get_by_label("events"),
        page.get_by_label("Ontology", exact=True),
        page.locator("#own summary"),
        page.get_by_label("Minimum score"),
        page.get_by_role("button", name="Extract"),
    ]
    for element in order:
        page.keyboard.press("Tab")
        expect(element).to_be_focused()
    page.keyboard.press("Enter")
    first = page.get_by_role("button", name="person 0.80: Ann")
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    outline = first.evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_two_keys_ask_from_within_the_text(page: Page, keys: str) -> None:
    fill(page, TEXT)
    with page.expect_response("**/extract") as caught:
        page.get_by_label("Text", exact=True).press(keys)
    assert caught.value.ok
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXT)
