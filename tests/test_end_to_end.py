"""The service as it is run, over HTTP.

With the shipped weights, and with tiny ones for what does not depend on them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from export.manifest import read_manifest
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.serving import serving, wait_for

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "weights" / "standard"
ASTRONAUT = (ROOT / "examples" / "astronaut.jpg").read_bytes()
TEXT = "Eileen Collins was the first woman to command a NASA space shuttle"
PLAIN = {"text": "Ann met Bob", "tasks": "entities", "entity_types": "person,place"}
TIMINGS = {"total", "image", "queue", "visual", "fusion", "decode"}
PARTS = (
    "image",
    "regions",
    "entities",
    "clusters",
    "relations",
    "events",
    "gate",
    "model",
    "timing_ms",
    "warnings",
)


def client_of(address: str) -> httpx.Client:
    return httpx.Client(base_url=f"http://{address}", timeout=60)


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Iterator[httpx.Client]:
    with serving(tiny_folder / "bundle") as address, client_of(address) as client:
        yield client


@pytest.fixture(scope="module")
def weights() -> Path:
    missing = [n for n in ("config.json", "tokenizer.json") if not (WEIGHTS / n).is_file()]
    assert not missing, f"the shipped weights are missing: {WEIGHTS} has no {', '.join(missing)}"
    return WEIGHTS


@pytest.fixture(scope="module")
def shipped(weights: Path, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    # asked for by name, so that missing weights are told in words before anything looks for them
    with client_of(request.getfixturevalue("served")) as client:
        yield client


def extract(client: httpx.Client, image: bytes | None = None, **fields: str) -> httpx.Response:
    files = {} if image is None else {"image": ("picture", image)}
    return client.post("/extract", data=fields, files=files)


def untimed(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "timing_ms"}


def test_a_person_is_found_in_text_and_picture(shipped: httpx.Client) -> None:
    response = extract(shipped, ASTRONAUT, text=TEXT)
    assert response.status_code == 200, response.text
    body = response.json()
    assert tuple(body) == PARTS
    assert body["image"] == {"width": 512, "height": 512}
    entities = {entity["text"]: entity for entity in body["entities"]}
    person, agency = entities["Eileen Collins"], entities["NASA"]
    assert (person["type"], person["start"], person["end"]) == ("person", 0, 14)
    assert (agency["type"], agency["start"], agency["end"]) == ("organization", 48, 52)
    assert agency["regions"] == []
    boxes = {region["id"]: region["box"] for region in body["regions"]}
    assert person["regions"] and set(person["regions"]) <= boxes.keys()
    assert any(shows_the_astronaut(boxes[name]) for name in person["regions"])
    assert isinstance(body["gate"]["entities"], float)
    assert body["timing_ms"].keys() == TIMINGS
    assert all(body["timing_ms"][stage] > 0 for stage in ("total", "image", "fusion", "decode"))


def shows_the_astronaut(box: list[float]) -> bool:
    """She fills most of the picture, a little left of its middle."""
    left, top, right, bottom = box
    return 100 <= (left + right) / 2 <= 400 and bottom - top >= 250


def test_the_text_alone_says_who_too(shipped: httpx.Client) -> None:
    body = extract(shipped, text=TEXT).json()
    assert (body["image"], body["regions"], body["gate"]["entities"]) == (None, [], 0.0)
    found = {(entity["text"], entity["type"]) for entity in body["entities"]}
    assert {("Eileen Collins", "person"), ("NASA", "organization")} <= found
    assert not any(entity["regions"] for entity in body["entities"])


def test_the_model_that_answers_is_the_one_that_was_exported(
    shipped: httpx.Client, request: pytest.FixtureRequest
) -> None:
    version = read_manifest(request.getfixturevalue("shipped_bundle")).version
    assert version.startswith("umie-standard@")
    assert extract(shipped, text=TEXT).json()["model"] == version
    assert shipped.get("/model").json()["model"] == version


def test_company_does_not_change_an_answer(shipped: httpx.Client) -> None:
    texts = [TEXT, "Steve Jobs founded Apple", "Angela Merkel met Barack Obama in Berlin"]
    alone = [untimed(extract(shipped, ASTRONAUT, text=text).json()) for text in texts]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda t: extract(shipped, ASTRONAUT, text=t), texts * 4))
    for response, expected in zip(together, alone * 4, strict=True):
        close(untimed(response.json()), expected)


def close(got: Any, expected: Any) -> None:
    """Equal, but for the last digits of rounded scores."""
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        for key, value in expected.items():
            close(got[key], value)
    elif isinstance(expected, list):
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            close(one, other)
    elif isinstance(expected, float):
        assert got == pytest.approx(expected, abs=2e-4)
    else:
        assert got == expected


def test_bad_requests_do_not_stop_the_shipped_service(shipped: httpx.Client) -> None:
    before = untimed(extract(shipped, ASTRONAUT, text=TEXT).json())
    assert extract(shipped, ASTRONAUT[:9000], text=TEXT).status_code == 422
    assert extract(shipped, text=TEXT, tasks="sing").status_code == 422
    close(untimed(extract(shipped, ASTRONAUT, text=TEXT).json()), before)


def test_every_part_is_there_whatever_is_asked(tiny: httpx.Client) -> None:
    for image in (None, ASTRONAUT):
        body = extract(tiny, image, **PLAIN).json()
        assert tuple(body) == PARTS
        assert (body["image"] is None) == (body["regions"] == []) == (image is None)
        for entity in body["entities"]:
            assert entity["text"] == PLAIN["text"][entity["start"] : entity["end"]]
            assert entity["type"] in ("person", "place")
        named = {name for entity in body["entities"] for name in entity["regions"]}
        assert named <= {region["id"] for region in body["regions"]}


def test_a_picture_alone_has_regions(tiny: httpx.Client) -> None:
    body = extract(tiny, ASTRONAUT).json()
    assert body["entities"] == body["relations"] == body["events"] == []
    assert body["image"] == {"width": 512, "height": 512}


@pytest.mark.parametrize(
    ("image", "fields", "status", "kind"),
    [
        (None, {"tasks": "entities"}, 422, "empty-input"),
        (None, {"text": "  "}, 422, "empty-input"),
        (b"Dear Sir or Madam", PLAIN, 415, "image-unsupported"),
        (ASTRONAUT[:9000], PLAIN, 422, "image-damaged"),
        (b"", PLAIN, 415, "image-unsupported"),
        (None, {**PLAIN, "tasks": "sing"}, 422, "unknown-task"),
        (None, {**PLAIN, "ontology": "klingon"}, 422, "unknown-ontology"),
        (None, {**PLAIN, "entity_types": "person,person"}, 422, "invalid-labels"),
        (None, {**PLAIN, "text": "x " * 100_001}, 422, "text-too-long"),
        (None, {**PLAIN, "min_score": "high"}, 422, "invalid-field"),
        (None, {**PLAIN, "colour": "red"}, 422, "invalid-field"),
    ],
)
def test_a_bad_request_is_told_and_the_next_one_answered(
    tiny: httpx.Client, image: bytes | None, fields: dict[str, str], status: int, kind: str
) -> None:
    response = extract(tiny, image, **fields)
    assert (response.status_code, response.json()["type"]) == (status, kind)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status and response.json()["detail"]
    again = extract(tiny, ASTRONAUT, **PLAIN)
    assert again.status_code == 200 and again.json()["model"].startswith("umie-tiny@")


def test_requests_are_counted(tiny: httpx.Client) -> None:
    extract(tiny, **PLAIN)
    text = tiny.get("/metrics").text
    assert "umie_engine_ready 1.0" in text
    assert 'umie_requests_total{endpoint="/extract"' in text


def test_the_service_ends_when_it_is_told(tiny_folder: Path) -> None:
    before = threading.active_count()
    with serving(tiny_folder / "bundle") as served:
        address = f"http://{served}/healthz"
        assert httpx.get(address).status_code == 200
    wait_for(lambda: threading.active_count() <= before, threading.current_thread())
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
