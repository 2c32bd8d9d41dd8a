from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine, picture_bytes, still_works, upload
from tests.support.documents import pdf

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


def document(name: str, data: bytes) -> dict[str, Any]:
    return {"document": (name, data)}


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("post.txt", TEXT.encode(), TEXT),
        ("page.html", f"<h1>News</h1><p>{TEXT}".encode(), f"News\n{TEXT}"),
        ("letter.pdf", pdf("Ann visited Bob in Oslo"), "Ann visited Bob in Oslo"),
    ],
)
async def test_offsets_refer_to_the_text_of_the_answer(
    name: str, data: bytes, text: str, client: httpx.AsyncClient
) -> None:
    response = await client.post("/extract", files=document(name, data))
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["text"] == text
    assert "Ann" in [entity["text"] for entity in body["entities"]]
    for entity in body["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]


async def test_a_document_is_answered_as_its_text_is(client: httpx.AsyncClient) -> None:
    fields = {"tasks": "entities", "min_score": "0.6", "text": " "}
    files = document("a.txt", TEXT.encode()) | upload(picture_bytes())
    of_document = (await client.post("/extract", data=fields, files=files)).json()
    of_text = await client.post(
        "/extract", data=fields | {"text": TEXT}, files=upload(picture_bytes())
    )
    expected = of_text.json()
    assert "text" not in expected and of_document.pop("text") == TEXT
    assert of_document["image"] == {"width": 40, "height": 20}
    assert of_document | {"timing_ms": {}} == expected | {"timing_ms": {}}


async def test_the_other_routes_of_extraction_take_it(client: httpx.AsyncClient) -> None:
    files = document("a.md", TEXT.encode())
    body = (await client.post("/extract/entities", files=files)).json()
    assert body["text"] == TEXT and len(body["entities"]) == 3 and body["events"] == []
    tokens = (await client.post("/tokenize", files=files)).json()["tokens"]
    assert tokens == (await client.post("/tokenize", data={"text": TEXT})).json()["tokens"]


@pytest.mark.parametrize(
    ("files", "fields", "status", "kind", "words"),
    [
        (document("a.odt", b"a"), {}, 415, "document-unsupported", ".docx, .htm, .html, .md, .pdf"),
        (document("a.pdf", b"a"), {}, 422, "document-unreadable", "the PDF file is not a PDF file"),
        (document("a.txt", b"\xff"), {}, 422, "document-unreadable", "not in UTF-8"),
        (document("a.txt", b"a" * 301), {}, 413, "document-too-large", "at most 300"),
        (document("a.txt", b"a"), {"text": "b"}, 422, "invalid-field", "a text, not both"),
        (None, {"document": "a"}, 422, "invalid-field", "sent as a file"),
    ],
)
async def test_what_is_wrong_with_a_document_is_told_at_its_field(
    files: Any,
    fields: dict[str, str],
    status: int,
    kind: str,
    words: str,
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/extract", data=fields, files=files)
    problem = response.json()
    assert (response.status_code, problem["type"]) == (status, kind)
    assert problem["field"] == "document" and words in problem["detail"]
    await still_works(client)


async def test_a_document_is_bounded_in_bytes(connect: Connect, engine: FakeEngine) -> None:
    client = connect(Settings(ontology="made up", max_document_bytes=10))
    response = await client.post("/extract", files=document("a.pdf", b"%PDF" + bytes(7)))
    assert response.status_code == 413
    assert response.json()["limit"] == 10 and engine.rounds == []


@pytest.mark.parametrize("value", ["a.txt", {"name": "a.txt", "data": "YQ=="}, ["a"]])
async def test_json_has_no_documents(value: Any, client: httpx.AsyncClient) -> None:
    response = await client.post("/extract", json={"document": value})
    assert response.status_code == 422
    assert "file of a multipart form" in response.json()["detail"]


async def test_other_routes_have_no_such_field(client: httpx.AsyncClient) -> None:
    fields = {"spots": "person", "text": "a"}
    response = await client.post("/instruct", data=fields, files=document("a.txt", b"a"))
    assert response.status_code == 422
    assert response.json()["detail"] == "there is no field 'document'"


async def test_limits_are_told(client: httpx.AsyncClient) -> None:
    limits = (await client.get("/model")).json()["limits"]
    assert limits["max_document_bytes"] == 20 << 20
    assert limits["document_timeout_s"] == 20.0 and limits["document_readers"] == 2
