"""The pages, and the files that they are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from service.http.middleware.gatekeeper import PAGE_FILES
from service.http.middleware.security_headers import DOCUMENTATION_POLICY, PAGE_POLICY

PAGES = {"/": "index.html", "/dashboard": "dashboard.html", "/docs": "docs.html"}
"""One to try the service, one that draws its metrics, and Swagger UI over its OpenAPI document."""

_FOLDER = Path(__file__).resolve().parents[2] / "page"
_POLICIES = {"docs.html": DOCUMENTATION_POLICY}


def page_routes(pages: Mapping[str, str] = PAGES) -> APIRouter:
    """`GET` each path of `pages`, and what these pages ask for."""
    router = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=_FOLDER / "files")
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    for path, name in pages.items():
        page = _page(templates.get_template(name).render(), _POLICIES.get(name, PAGE_POLICY), files)
        router.add_api_route(path, page, methods=["GET", "HEAD"])

    @router.api_route(PAGE_FILES + "{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        """A script, a style or a picture of a page."""
        return _checked_each_time(await files.get_response(path, request.scope))

    return router


def _page(html: str, policy: str, files: StaticFiles) -> Callable[[Request], Awaitable[Response]]:
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'

    async def page(request: Request) -> Response:
        """A page, which asks the service by the same requests as everybody."""
        response: Response = HTMLResponse(html, headers={"ETag": etag})
        if files.is_not_modified(response.headers, request.headers):
            response = NotModifiedResponse(response.headers)
        # Set here and not by its media type, which "not modified" does not have: a browser may take
        # over the headers that come with it.
        response.headers["Content-Security-Policy"] = policy
        return _checked_each_time(response)

    return page


def _checked_each_time(response: Response) -> Response:
    # Names do not change with contents: after an update, old scripts must not meet the new page.
    response.headers["Cache-Control"] = "no-cache"
    return response
