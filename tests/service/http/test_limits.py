"""The limits of a request, at the limit and one above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.service.fakes import TEXT, picture_bytes, prompter, still_works, upload

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


@pytest.fixture
def ask(connect: Connect, settings: Settings) -> Callable[..., Any]:
    async def ask(limits: dict[str, int], **request: Any) -> httpx.Response:
        client = connect(settings.model_copy(update=limits))
        response = await client.post("/extract", **request)
        await still_works(connect(settings))
        return response

    return ask


async def test_image_bytes(ask: Callable[..., Any]) -> None:
    picture = picture_bytes()
    request = {"data": {"text": TEXT}, "files": upload(picture)}
    assert (await ask({"max_image_bytes": len(picture)}, **request)).status_code == 200
    response = await ask({"max_image_bytes": len(picture) - 1}, **request)
    assert (response.status_code, response.json()["type"]) == (413, "image-too-large")
    assert response.json()["limit"] == len(picture) - 1


async def test_image_pixels(ask: Callable[..., Any]) -> None:
    request = {"data": {"text": TEXT}, "files": upload(picture_bytes((40, 25)))}
    assert (await ask({"max_image_pixels": 1000}, **request)).status_code == 200
    response = await ask({"max_image_pixels": 999}, **request)
    assert (response.status_code, response.json()["limit"]) == (413, 999)


async def test_body_bytes(ask: Callable[..., Any]) -> None:
    body = b'{"text": "Ann"}'
    request = {"content": body, "headers": {"content-type": "application/json"}}
    assert (await ask({"max_body_bytes": len(body)}, **request)).status_code == 200
    response = await ask({"max_body_bytes": len(body) - 1}, **request)
    assert (response.status_code, response.json()["type"]) == (413, "body-too-large")


async def test_text_characters(ask: Callable[..., Any]) -> None:
    request = {"json": {"text": TEXT, "tasks": ["entities"]}}
    assert (await ask({"max_text_chars": len(TEXT)}, **request)).status_code == 200
    response = await ask({"max_text_chars": len(TEXT) - 1}, **request)
    assert (response.status_code, response.json()["type"]) == (422, "text-too-long")


async def test_text_tokens(connect: Connect, settings: Settings) -> None:
    client = connect(settings.model_copy(update={"max_text_chars": 10_000}))
    most = prompter().max_text_tokens
    statuses = [
        (await client.post("/extract/entities", json={"text": "a " * n})).status_code
        for n in (most // 2, most + 1)
    ]
    assert statuses == [200, 422]
    response = await client.post("/extract/entities", json={"text": "a " * (most + 1)})
    assert response.json()["type"] == "text-too-long" and "tokens" in response.json()["detail"]


async def test_headers(ask: Callable[..., Any]) -> None:
    request = {"json": {"text": "Ann"}, "headers": {"x-large": "x" * 4000}}
    assert (await ask({"max_header_bytes": 5000}, **request)).status_code == 200
    response = await ask({"max_header_bytes": 4000}, **request)
    assert (response.status_code, response.json()["type"]) == (431, "headers-too-large")


async def test_regions(ask: Callable[..., Any]) -> None:
    for count, status in ((36, 200), (37, 422)):
        data = {"text": TEXT, "regions": str([[0, 0, 9, 9]] * count)}
        response = await ask({}, data=data, files=upload(picture_bytes()))
        assert response.status_code == status
