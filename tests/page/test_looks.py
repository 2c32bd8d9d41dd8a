"""Whether everybody can read and use the page: light and dark, wide and narrow."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, Visitor, extract, fill, ready
from tests.service.fakes import TEXT, picture_bytes
from tests.service.live import Live

PICTURE = picture_bytes((400, 200), colour="teal")
SIZES = {"desktop": DESKTOP, "phone": PHONE}


def faults(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {[node['html'] for node in fault['nodes']]}" for fault in found]


def overflow(page: Page) -> int:
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_nothing_stands_in_anybodys_way(
    visit: Visitor, live: Live, scheme: str, size: dict[str, int]
) -> None:
    page = ready(visit(live.url, color_scheme=scheme, viewport=size))
    assert faults(page) == []
    page.get_by_role("button", name="Extract").click()
    page.locator("#own summary").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    assert faults(page) == []
    fill(page, TEXT, PICTURE)
    page.get_by_label("Entity types").fill(", ".join(f"kind {n}" for n in range(12)))
    extract(page)
    for title in ("JSON", "curl"):
        page.get_by_text(title, exact=True).click()
    assert faults(page) == []
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_scrolls_one_way_only(visit: Visitor, live: Live, width: int) -> None:
    page = ready(visit(live.url, viewport={"width": width, "height": 640}, has_touch=True))
    assert overflow(page) <= 0
    word = "Donaudampfschifffahrtsgesellschaft" * 4
    fill(
        page, f"{word} visited https://example.org/{'x' * 120} and Bob", PICTURE, "x" * 90 + ".png"
    )
    page.locator("#own summary").click()
    page.get_by_label("Entity types").fill("z" * 60)
    extract(page)
    # The answer is below the fold; the page goes there.
    expect(page.locator("#status")).to_be_in_viewport()
    for title in ("JSON", "curl"):
        page.get_by_text(title, exact=True).click()
    assert overflow(page) <= 0


def test_a_finger_lights_what_it_touches(visit: Visitor, live: Live) -> None:
    page = ready(visit(live.url, viewport=PHONE, has_touch=True))
    fill(page, TEXT, PICTURE)
    extract(page)
    page.get_by_role("button", name="person 0.80: Ann").tap()
    expect(page.locator('.box[data-key="region O1"]')).to_have_class(re.compile(r"\bhighlighted\b"))


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_page_is_as_dark_as_the_system(
    visit: Visitor, live: Live, scheme: str, dark: bool
) -> None:
    page = visit(live.url, color_scheme=scheme)
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 3 * 128) == dark


def test_parts_have_roles_and_names(visit: Visitor, live: Live) -> None:
    page = ready(visit(live.url))
    expect(page).to_have_title("UMIE")
    for role in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]
    expect(page.get_by_role("form", name="Request")).to_be_visible()
    expect(page.get_by_role("group", name="Tasks")).to_be_visible()
    expect(page.get_by_role("combobox", name="Ontology")).to_be_visible()
    expect(page.get_by_role("slider", name="Minimum score")).to_be_visible()
    expect(page.get_by_role("textbox", name="Text")).to_be_visible()
    fill(page, TEXT, PICTURE)
    extract(page)
    answer = page.get_by_role("region", name="Answer")
    expect(answer.get_by_role("status").first).to_contain_text("3 entities")
    expect(answer.get_by_role("img", name="a.png")).to_be_visible()
    for title in ("Relations", "Events", "Time", "Gate"):
        expect(answer.get_by_role("heading", name=title)).to_be_visible()
