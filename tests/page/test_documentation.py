"""Swagger UI, with nothing but what the service ships."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.page.conftest import Visitor
from tests.service.live import Live


def test_every_route_is_shown_and_can_be_tried(visit: Visitor, live: Live) -> None:
    page = visit(live.url, path="/docs")
    expect(page.locator(".info .title")).to_contain_text("UMIE")
    expect(page.locator(".opblock-summary-path", has_text="/extract").first).to_be_visible()
    route = page.locator(".opblock", has=page.locator('[data-path="/ontologies"]'))
    route.locator(".opblock-summary-control").click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_role("button", name="Execute").click()
    expect(route.locator(".live-responses-table tbody .response-col_status").first).to_contain_text(
        "200"
    )
