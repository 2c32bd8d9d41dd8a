"""The dashboard: its charts, facts and tables, and its messages where there are no metrics."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from prometheus_client.parser import text_string_to_metric_families

from service.observability.metrics import Metrics
from tests.page.conftest import DESKTOP, PHONE, Server, Visitor
from tests.service.fakes import TEXT, FakeEngine, picture_bytes
from tests.service.live import Live

PATH = "/dashboard"
SECTIONS = ["Availability", "Latency", "Saturation", "Errors", "Model metrics"]
HISTORY = """async (texts) => {
    const { Scrape } = await import("/page/exposition.js");
    const { History } = await import("/page/history.js");
    const past = new History();
    texts.forEach((text, index) => past.add(new Scrape(text, 10 * index)));
    const where = { path: "a" };
    return {
        rate: past.rate("asked_total"), one: past.rate("asked_total", where),
        mean: past.mean("took"), median: past.quantile(0.5, "took"),
        most: past.quantile(1, "took"), none: past.quantile(0.5, "other"),
    };
}"""


def ask(live: Live, **fields: str) -> httpx.Response:
    picture = picture_bytes((40, 30), colour="teal")
    return httpx.post(f"{live.url}/extract", data=fields, files={"image": ("a.png", picture)})


def fact(page: Page, name: str) -> Any:
    return page.locator(".facts div").filter(has_text=name).locator("dd")


def latest(page: Page, chart: str, line: str) -> Any:
    figure = page.locator("figure").filter(has_text=chart)
    return figure.locator(".lines div").filter(has_text=line).locator("dd")


def test_metrics_are_shown(visit: Visitor, live: Live) -> None:
    page = visit(live.url, path=PATH)
    expect(page.get_by_role("status")).to_have_text("The service is ready.")
    assert page.get_by_role("heading", level=2).all_text_contents() == SECTIONS
    assert ask(live, text=TEXT).status_code == 200
    refused = ask(live, text=TEXT, tasks="poems")
    expect(latest(page, "Requests/s", "/extract").first).to_contain_text("/s")
    row = page.get_by_role("row").filter(has_text="/extract")
    expect(row.locator("td").nth(1)).to_contain_text("ms")
    reason = page.get_by_role("row").filter(has_text=refused.json()["type"])
    expect(reason.locator("td")).to_have_text("1")
    expect(latest(page, "by outcome", "bad input")).to_contain_text("/s")
    expect(latest(page, "Extracted items/s", "entities")).to_contain_text("/s")
    expect(fact(page, "ready")).to_have_text("yes")
    assert page.locator("figure path").count() >= 5


def test_an_engine_that_is_not_ready_is_shown(
    visit: Visitor, live: Live, engine: FakeEngine
) -> None:
    engine.ready = False
    page = visit(live.url, path=PATH)
    expect(page.get_by_role("status")).to_have_text("The service is not ready.")
    expect(page.locator(".bad dd")).to_have_text("no")
    engine.ready = True
    expect(page.get_by_role("status")).to_have_text("The service is ready.")
    expect(page.locator(".bad")).to_have_count(0)


def test_the_last_values_stay_where_the_service_is_unreachable(visit: Visitor, live: Live) -> None:
    page = visit(live.url, path=PATH, gone=True)
    expect(fact(page, "ready")).to_have_text("yes")
    live.server.should_exit = True
    expect(page.get_by_role("alert")).to_have_text("The service does not respond.")
    expect(page.get_by_role("status")).to_have_text("The last known values are shown.")
    expect(fact(page, "ready")).to_have_text("yes")


def test_metrics_on_a_separate_port_are_explained(visit: Visitor, serve: Server) -> None:
    page = visit(serve(metrics_port=9464).url, path=PATH, refused=(404,))
    expect(page.get_by_role("alert")).to_contain_text("on a separate port")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_accessible_and_fits_the_screen(
    visit: Visitor, live: Live, scheme: str, size: dict[str, int]
) -> None:
    page = visit(live.url, path=PATH, color_scheme=scheme, viewport=size)
    ask(live, text=TEXT)
    expect(page.get_by_role("row").filter(has_text="/extract")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_text_format_is_parsed_as_prometheus_does(visit: Visitor, live: Live) -> None:
    page = visit(live.url, path=PATH)
    metrics = Metrics()
    metrics.refused.labels(reason='a "word",\\ and\nmore').inc(2)
    metrics.stage("queue").observe(0.01)
    text = metrics.render().decode()
    expected = [
        [sample.name, dict(sample.labels), sample.value]
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    script = """async (text) => {
        const { Scrape } = await import("/page/exposition.js");
        return [...new Scrape(text, 0).series].flatMap(([name, samples]) =>
            samples.map(({ labels, value }) => [name, labels, value]));
    }"""
    assert sorted(page.evaluate(script, text), key=str) == sorted(expected, key=str)


def test_rates_and_quantiles_between_two_scrapes(visit: Visitor, live: Live) -> None:
    page = visit(live.url, path=PATH)

    def text(start: int, a: int, b: int, upto: tuple[int, int, int], total: float) -> str:
        buckets = zip(("0.1", "0.5", "+Inf"), upto, strict=True)
        return "\n".join(
            [
                f"process_start_time_seconds {start}",
                f'asked_total{{path="a"}} {a}',
                f'asked_total{{path="b"}} {b}',
                *(f'took_bucket{{le="{edge}"}} {count}' for edge, count in buckets),
                f"took_count {upto[-1]}",
                f"took_sum {total}",
            ]
        )

    before, after = text(1, 5, 1, (2, 4, 4), 1.0), text(1, 25, 11, (4, 12, 14), 5.0)
    grown = page.evaluate(HISTORY, [before, after])
    # of ten observations two are up to 0.1, six up to 0.5, two above: the fifth is at 0.3
    assert grown == pytest.approx(
        {"rate": 3.0, "one": 2.0, "mean": 0.4, "median": 0.3, "most": 0.5, "none": None}
    )
    restarted = page.evaluate(HISTORY, [before, after, text(2, 1, 1, (1, 1, 1), 0.05)])
    assert set(restarted.values()) == {None}
