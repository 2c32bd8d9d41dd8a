"""A checkpoint of the published code, converted, exported and served."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.converted import Converted
from tests.support.converted import converted_gated as converted_gated
from tests.support.serving import serving
from tests.test_end_to_end import ASTRONAUT, PARTS, PLAIN, client_of, extract


@pytest.fixture(scope="module")
def client(converted_gated: Converted) -> Iterator[httpx.Client]:
    with serving(converted_gated.folder / "bundle") as address, client_of(address) as client:
        yield client


def test_a_text_is_answered_in_the_usual_form(client: httpx.Client) -> None:
    response = extract(client, **PLAIN)
    assert response.status_code == 200, response.text
    body = response.json()
    assert tuple(body) == PARTS and body["model"].startswith("umie-converted@")
    assert (body["image"], body["regions"]) == (None, [])
    assert body["entities"]  # random weights, but enough to see spans and types
    for entity in body["entities"]:
        assert entity["text"] == PLAIN["text"][entity["start"] : entity["end"]]
        assert entity["type"] in ("person", "place")


def test_a_picture_is_refused_and_the_next_text_answered(client: httpx.Client) -> None:
    for fields in (PLAIN, {}):
        response = extract(client, ASTRONAUT, **fields)
        assert (response.status_code, response.json()["type"]) == (422, "no-visual-tower")
        assert response.headers["content-type"] == "application/problem+json"
    assert extract(client, **PLAIN).status_code == 200
