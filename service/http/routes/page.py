"""The HTML pages and their files."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from service.http.middleware.gatekeeper import PAGE_FILES
from service.http.middleware.security_headers import DOCUMENTATION_POLICY, PAGE_POLICY

PAGES = {"/": "index.html", "/dashboard": "dashboard.html", "/docs": "docs.html"}
"""The page to try the service, the dashboard of its metrics, and Swagger UI."""

_FOLDER = Path(__file__).resolve().parents[2] / "page"
_POLICIES = {"docs.html": DOCUMENTATION_POLICY}


def page_routes(pages: Mapping[str, str] = PAGES) -> APIRouter:
    """`GET` for each path of `pages`, a path to a template, and for the files under `/page/`."""
    router = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=_FOLDER / "files")
    for path, name in pages.items():
        page = _page(_rendered(name), _POLICIES.get(name, PAGE_POLICY), files)
        router.add_api_route(path, page, methods=["GET", "HEAD"])

    @router.api_route(PAGE_FILES + "{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        """A script, a style sheet or an image of a page."""
        return _revalidated(await files.get_response(path, request.scope))

    return router


@cache
def _rendered(name: str) -> str:
    """The page of a template; it is the same for the service and its metrics port."""
    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(name).render()


def _page(html: str, policy: str, files: StaticFiles) -> Callable[[Request], Awaitable[Response]]:
    etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'

    async def page(request: Request) -> Response:
        """A page; it calls the public API."""
        response: Response = HTMLResponse(html, headers={"ETag": etag})
        if files.is_not_modified(response.headers, request.headers):
            response = NotModifiedResponse(response.headers)
        # Set here, since SecurityHeaders chooses by media type, which a 304 response does not have,
        # and browsers update a cached page's headers from the 304 response.
        response.headers["Content-Security-Policy"] = policy
        return _revalidated(response)

    return page


def _revalidated(response: Response) -> Response:
    # File names carry no version: after an update a page must not run with cached old scripts.
    response.headers["Cache-Control"] = "no-cache"
    return response
