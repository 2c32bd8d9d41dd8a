from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.http.routes.page import PAGES
from service.settings import Settings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "service" / "page"
FILES = sorted(
    path.relative_to(PAGE / "files").as_posix()
    for path in (PAGE / "files").rglob("*")
    if path.is_file()
)
KINDS = {
    ".js": "javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".txt": "text/plain",
}
SWAGGER = "swagger/"
"""Third-party files, unchanged."""


@pytest.mark.parametrize(("path", "name"), PAGES.items())
async def test_pages_are_where_they_belong(client: httpx.AsyncClient, path: str, name: str) -> None:
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith('<!doctype html>\n<html lang="en">\n<head>\n')
    assert response.text.endswith("</body>\n</html>\n")
    assert "{%" not in response.text and "{{" not in response.text
    own = (PAGE / name).read_text(encoding="utf-8")
    assert own.split("{% block body %}\n")[1].split("{% endblock %}")[0] in response.text


async def test_pages_name_files_that_there_are(client: httpx.AsyncClient) -> None:
    for path in PAGES:
        named = re.findall(r'(?:src|href)="(page/[^"]+)"', (await client.get(path)).text)
        assert len(named) >= 3
        for name in named:
            assert (await client.get(f"/{name}")).status_code == 200, name


async def test_swagger_ui_comes_with_its_licences(client: httpx.AsyncClient) -> None:
    assert "Apache License" in (await client.get("/page/swagger/LICENSE.txt")).text
    assert "SmartBear" in (await client.get("/page/swagger/NOTICE.txt")).text
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("name", FILES)
async def test_files_are_served_with_their_media_type(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/page/{name}")
    assert response.status_code == 200
    assert KINDS[Path(name).suffix] in response.headers["content-type"]
    assert response.content == (PAGE / "files" / name).read_bytes()


@pytest.mark.parametrize("path", [*PAGES, "/page/app.js"])
async def test_unchanged_files_are_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert (await client.get(path, headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_but_the_service_itself_is_let_in(
    client: httpx.AsyncClient, path: str
) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    for response in (first, again):
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
        for allowed in ("script-src 'self'", "style-src 'self'", "connect-src 'self'"):
            assert f"; {allowed};" in f"{policy};"
        assert "img-src 'self' blob: data:;" in policy
        assert not re.search(r"unsafe|https?:|\*", policy)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(
    client: httpx.AsyncClient, path: str
) -> None:
    page = (await client.get(path)).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    for name in FILES:
        if name.endswith((".js", ".css")) and not name.startswith(SWAGGER):
            text = (PAGE / "files" / name).read_text(encoding="utf-8")
            assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text) == [], name
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|@import", text), name
    # Relative, so that the page works behind a proxy that serves it in a folder.
    assert re.findall(r"(?:src|href)=\"(/[^\"]*|\w+:[^\"]*)\"", page) == []


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
async def test_head_is_answered_and_post_refused(client: httpx.AsyncClient, path: str) -> None:
    head = await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.post(path)).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        "missing.js",
        "..%2findex.html",
        "..%2F..%2Fsettings.py",
        "%2fetc%2fpasswd",
        "%00",
        "",
        "x" * 300,
    ],
)
async def test_other_files_are_not_found(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/page/{name}")
    assert (response.status_code, response.json()["type"]) == (404, "not-found")


async def test_the_page_and_its_files_need_no_key(
    connect: Callable[[Settings], httpx.AsyncClient], tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("0123456789abcdef\n", encoding="utf-8")
    client = connect(Settings(ontology="made up", api_keys_file=tmp_path / "keys"))
    for path in (*PAGES, "/page/app.js", "/page/examples/astronaut.jpg"):
        assert (await client.get(path)).status_code == 200
    assert (await client.get("/ontologies")).status_code == 401


async def test_the_example_pictures_are_those_of_the_repository() -> None:
    for path in (PAGE / "files" / "examples").iterdir():
        assert path.read_bytes() == (ROOT / "examples" / path.name).read_bytes()
