"""The pages, and the files that they are made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

from service.api.middleware.door import PAGE_FILES
from service.api.middleware.safety import PAGE_POLICY

PAGES = {"/": "index.html", "/dashboard": "dashboard.html"}
"""One to try the service, and one that draws its metrics."""

_FOLDER = Path(__file__).resolve().parents[2] / "page"


def page_routes(pages: Mapping[str, str] = PAGES) -> APIRouter:
    """`GET` each path of `pages`, and what these pages ask for."""
    router = APIRouter(include_in_schema=False)
    for path, name in pages.items():
        router.add_api_route(path, _page(name), methods=["GET", "HEAD"])
    files = StaticFiles(directory=_FOLDER / "files")

    @router.api_route(PAGE_FILES + "{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        """A script, a style or a picture of a page."""
        return _checked_each_time(await files.get_response(path, request.scope))

    return router


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    folder = StaticFiles(directory=_FOLDER)

    async def page(request: Request) -> Response:
        """A page, which asks the service by the same requests as everybody."""
        response = await folder.get_response(name, request.scope)
        # Set here and not by its media type, which "not modified" does not have: a browser may take
        # over the headers that come with it.
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return _checked_each_time(response)

    return page


def _checked_each_time(response: Response) -> Response:
    # Names do not change with contents: after an update, old scripts must not meet the new page.
    response.headers["Cache-Control"] = "no-cache"
    return response
