"""What the page shows of an answer of the fake engine."""

from __future__ import annotations

import json
import math
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.conftest import Visitor, extract, fill
from tests.service.fakes import TEXT, FakeEngine, picture_bytes
from tests.service.live import Live, wait_until

PICTURE = picture_bytes((400, 200), colour="teal")


@pytest.fixture
def page(visit: Visitor, live: Live) -> Page:
    return visit(live.url)


def words_of(page: Page, kind: str) -> list[str]:
    """The texts marked with a kind, without their tags."""
    script = """marks => marks.map(mark => {
        const bare = mark.cloneNode(true);
        bare.querySelectorAll("button").forEach(button => button.remove());
        return bare.textContent;
    })"""
    words: list[str] = page.locator(f".mark.{kind}").evaluate_all(script)
    return words


def highlighted(page: Page) -> set[str]:
    keys: list[str] = page.locator(".highlighted").evaluate_all(
        "all => all.map(one => one.dataset.key)"
    )
    return set(keys)


@pytest.mark.parametrize("text", [TEXT, "👩🏽‍🚀👋 Ann visited\nBob\n in Oslo", "Ann"])
def test_spans_are_marked_where_the_answer_says(page: Page, text: str) -> None:
    fill(page, text)
    answer = extract(page)
    spans = [text[entity["start"] : entity["end"]] for entity in answer["entities"]]
    assert spans and words_of(page, "entity") == spans
    triggers = [event["trigger"]["text"] for event in answer["events"]]
    assert words_of(page, "trigger") == triggers
    shown = page.locator(".passage").evaluate(
        "p => { p = p.cloneNode(true); p.querySelectorAll('button').forEach(b => b.remove());"
        " return p.textContent; }"
    )
    assert shown == text
    for entity in answer["entities"]:
        name = f"{entity['type']} {entity['score']:.2f}: {entity['text']}"
        expect(page.get_by_role("button", name=name)).to_be_visible()


def test_markup_stays_text(page: Page) -> None:
    text = "<img src=x onerror=alert(1)> Ann <b>visited</b> <Bob>"
    fill(page, text)
    extract(page)
    assert page.locator(".passage img, .passage b").count() == 0
    expect(page.locator(".passage")).to_contain_text("<img src=x onerror=alert(1)>")


def test_an_entity_lights_its_region_and_the_region_the_entity(page: Page) -> None:
    fill(page, TEXT, PICTURE)
    answer = extract(page)
    assert answer["entities"][0]["regions"] == ["O1"]
    tag = page.get_by_role("button", name="person 0.80: Ann, grounded in O1")
    for part in (tag, page.locator(".mark.entity").first.get_by_text("Ann").first):
        part.hover(position={"x": 4, "y": 8})
        # The visit is by Ann, but what is hovered is the entity.
        assert highlighted(page) == {"entity 0", "region O1"}
    page.mouse.move(0, 0)
    assert highlighted(page) == set()
    page.locator('.box[data-key="region O1"]').hover(position={"x": 30, "y": 150})
    assert highlighted(page) == {"entity 0", "region O1"}
    page.mouse.move(0, 0)
    page.get_by_role("button", name="person 0.70: Bob").focus()
    assert highlighted(page) == {"entity 1"}


def test_relations_and_events_light_what_they_are_of(page: Page) -> None:
    fill(page, TEXT, PICTURE)
    answer = extract(page)
    relation, event = answer["relations"][0], answer["events"][0]
    names = [answer["entities"][relation[end]]["text"] for end in ("head", "tail")]
    row = page.get_by_role("button", name=re.compile(f"{names[0]} {relation['type']} {names[1]}"))
    row.hover()
    ends = {f"entity {relation['head']}", f"entity {relation['tail']}"}
    assert ends | {"relation 0"} <= highlighted(page)
    page.get_by_role("button", name=f"{event['type']} {event['trigger']['text']}").hover()
    assert {"event 0", "argument 0 0", "argument 0 1", "region O2"} <= highlighted(page)
    role = event["arguments"][1]
    assert role["region"] == "O2"
    page.get_by_role("button", name=f"{role['role']} region O2").focus()
    assert {"argument 0 1", "region O2"} <= highlighted(page)
    expect(page.locator('.box[data-key="region O2"]')).to_be_visible()


def test_a_click_keeps_it_lit_until_escape(page: Page) -> None:
    fill(page, TEXT, PICTURE)
    extract(page)
    tag = page.get_by_role("button", name="person 0.80: Ann")
    tag.click()
    page.mouse.move(0, 0)
    expect(tag).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Text", exact=True).focus()
    assert highlighted(page) == {"entity 0", "region O1"}
    page.keyboard.press("Escape")
    expect(tag).to_have_attribute("aria-pressed", "false")
    assert highlighted(page) == set()


def test_a_picture_alone_shows_its_regions(page: Page) -> None:
    fill(page, picture=PICTURE)
    answer = extract(page)
    assert answer["regions"] and not answer["entities"]
    expect(page.locator(".passage")).to_have_count(0)
    for region in answer["regions"]:
        name = f"{region['id']} {region['label']} {region['score']:.2f}"
        expect(page.get_by_role("button", name=name)).to_be_visible()


def test_regions_that_nothing_names_come_on_demand(page: Page) -> None:
    fill(page, "Ann knows Bob", PICTURE)
    page.get_by_label("Minimum score").fill("0")
    answer = extract(page)
    spare = [region["id"] for region in answer["regions"] if region["id"] != "O1"]
    if spare:
        page.get_by_label(re.compile("unreferenced regions?")).check()
    for region in answer["regions"]:
        expect(page.locator(f'.box-label[data-key="region {region["id"]}"]')).to_be_visible()


def test_the_times_are_drawn_to_scale(page: Page) -> None:
    fill(page, TEXT, PICTURE)
    times = extract(page)["timing_ms"]
    widths = {
        stage: page.locator(f".stage.{stage}").evaluate("e => e.getBoundingClientRect().width")
        for stage in ("queue", "image", "visual", "fusion", "decode", "rest")
    }
    whole = max(times["total"], sum(times[stage] for stage in times if stage != "total"))
    for stage, width in widths.items():
        if stage != "rest":
            share = times[stage] / whole
            assert width / sum(widths.values()) == pytest.approx(share, abs=0.02), stage
    gates = page.locator(".gate div").all_inner_texts()
    assert [gate.split() for gate in gates] == [
        ["entities", "0.25"],
        ["relations", "0.25"],
        ["events", "0.25"],
    ]
    filled = page.locator(".gate .filled").first
    share = filled.evaluate("e => e.clientWidth / e.parentElement.clientWidth")
    assert share == pytest.approx(0.25 / math.exp(0.5), abs=0.02)


def test_the_json_is_there_to_be_copied(visit: Visitor, live: Live) -> None:
    page = visit(live.url, permissions=["clipboard-read", "clipboard-write"])
    fill(page, TEXT)
    answer = extract(page)
    page.get_by_text("JSON", exact=True).click()
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied: str = page.evaluate("() => navigator.clipboard.readText()")
    assert json.loads(copied) == answer


def test_the_command_asks_the_same(page: Page, live: Live, tmp_path: Path) -> None:
    fill(page, 'It\'s Ann\nwho visited "Bob" 👋🏽 & $HOME in Oslo', PICTURE, "a picture; 1.png")
    page.get_by_label("events").uncheck()
    page.get_by_text("Custom labels", exact=True).last.click()
    page.get_by_label("Entity types").fill("human being, place")
    answer = extract(page)
    page.get_by_text("curl", exact=True).click()
    command = page.get_by_role("region", name="curl").inner_text()
    (tmp_path / "a picture; 1.png").write_bytes(PICTURE)
    words = shlex.split(command.replace("\\\n", ""))
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)
    again: dict[str, Any] = json.loads(run.stdout)
    assert {**again, "timing_ms": 0} == {**answer, "timing_ms": 0}


def test_a_turned_picture_is_shown_upright(page: Page) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned = picture_bytes((300, 120), file_format="JPEG", exif=exif.tobytes())
    fill(page, "Ann", turned, "turned.jpg")
    answer = extract(page)
    assert answer["image"] == {"width": 120, "height": 300}
    box = page.locator(".canvas img").bounding_box()
    assert box is not None and box["width"] / box["height"] == pytest.approx(0.4, abs=0.01)


def test_a_new_request_ends_the_one_before(visit: Visitor, live: Live, engine: FakeEngine) -> None:
    page = visit(live.url, stopped=True)
    engine.pause_s = 30.0
    fill(page, "Ann")
    page.get_by_role("button", name="Extract").click()
    expect(page.get_by_role("status").filter(has_text="Extracting")).to_be_visible()
    wait_until(lambda: engine.working > 0)
    engine.pause_s = 0.0
    fill(page, "Bob")
    with page.expect_response("**/extract"):
        page.keyboard.press("Control+Enter")
    expect(page.locator(".mark.entity")).to_contain_text("Bob")
    expect(page.get_by_role("alert")).to_be_empty()
    wait_until(lambda: engine.cancelled > 0)


def test_stop_stops(visit: Visitor, live: Live, engine: FakeEngine) -> None:
    page = visit(live.url, stopped=True)
    engine.pause_s = 30.0
    fill(page, "Ann")
    page.get_by_role("button", name="Extract").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_the_page_works_in_a_folder_behind_a_proxy(visit: Visitor, live: Live) -> None:
    page = visit(live.url, stopped=True)
    page.route(
        "**/deep/**", lambda route: route.continue_(url=route.request.url.replace("/deep", ""))
    )
    page.goto(f"{live.url}/deep/")
    fill(page, TEXT)
    with page.expect_request("**/deep/extract"):
        page.get_by_role("button", name="Extract").click()
    expect(page.locator(".mark.entity")).to_have_count(3)
