"""The page over the shipped weights: what is drawn is what the service answered."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, Visitor, extract, ready


def drawn(page: Page, region: str) -> list[float]:
    """A region's frame on the screen, relative to the picture's corner, in CSS pixels."""
    script = """(rect) => {
        const frame = rect.getBBox(), matrix = rect.getScreenCTM();
        const at = (x, y) => new DOMPoint(x, y).matrixTransform(matrix);
        const [first, last] = [at(frame.x, frame.y),
                               at(frame.x + frame.width, frame.y + frame.height)];
        const image = rect.closest(".canvas").querySelector("img").getBoundingClientRect();
        return [first.x - image.x, first.y - image.y, last.x - image.x, last.y - image.y];
    }"""
    frame: list[float] = page.locator(f'.box[data-key="region {region}"] .line').evaluate(script)
    return frame


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_boxes_are_where_the_answer_has_them(
    visit: Visitor, served: str, size: dict[str, int]
) -> None:
    page = ready(visit(f"http://{served}", viewport=size))
    page.get_by_role("button", name="Portrait").click()
    expect(page.locator("#file-name")).to_have_text("astronaut.jpg")
    answer = extract(page)
    image = page.locator(".canvas img").bounding_box()
    assert image is not None and answer["regions"]
    scale = image["width"] / answer["image"]["width"]
    assert image["height"] == pytest.approx(answer["image"]["height"] * scale, abs=1)
    for region in answer["regions"]:
        expected = [side * scale for side in region["box"]]
        assert drawn(page, region["id"]) == pytest.approx(expected, abs=1)
    seen_in_the_picture_and_lit(page, answer)


def seen_in_the_picture_and_lit(page: Page, answer: dict[str, Any]) -> None:
    entity = next(entity for entity in answer["entities"] if entity["regions"])
    page.get_by_role("button", name=f": {entity['text']}, grounded in").focus()
    for region in entity["regions"]:
        group = page.locator(f'.box[data-key="region {region}"]')
        expect(group).to_be_visible()
        assert "highlighted" in (group.get_attribute("class") or "").split()
    page.locator(f'.box-label[data-key="region {entity["regions"][0]}"]').focus()
    mark = page.locator(f'.mark[data-key="entity {entity["id"]}"]').first
    assert "highlighted" in (mark.get_attribute("class") or "").split()


@pytest.mark.parametrize("example", ["News", "Post", "Custom labels"])
def test_spans_are_where_the_answer_has_them(visit: Visitor, served: str, example: str) -> None:
    page = ready(visit(f"http://{served}"))
    page.get_by_role("button", name=example).first.click()
    text = page.get_by_label("Text", exact=True).input_value()
    answer = extract(page)
    assert answer["entities"]
    for entity in answer["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
        mark = page.locator(f'.mark[data-key="entity {entity["id"]}"]').first
        expect(mark).to_contain_text(entity["text"])
        expect(mark.get_by_role("button")).to_contain_text(entity["type"])
    expect(page.locator(".picture")).to_have_count(0)


def test_a_caption_names_what_is_seen(visit: Visitor, served: str) -> None:
    page = ready(visit(f"http://{served}"))
    page.get_by_role("button", name="Caption").click()
    expect(page.locator("#file-name")).to_have_text("chelsea.jpg")
    answer = extract(page)
    assert answer["regions"]
    expect(page.locator(".canvas .box:visible").first).to_be_visible()
