"""The page at `/`, and the files that it is made of."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

from service.api.middleware.door import PAGE_FILES
from service.api.middleware.safety import PAGE_POLICY

_FOLDER = Path(__file__).resolve().parents[2] / "page"


def page_routes() -> APIRouter:
    """`GET /`, and what it asks for."""
    router = APIRouter(include_in_schema=False)
    whole = StaticFiles(directory=_FOLDER)
    files = StaticFiles(directory=_FOLDER / "files")

    @router.api_route("/", methods=["GET", "HEAD"])
    async def page(request: Request) -> Response:
        """The page, which asks the service by the same requests as everybody."""
        response = await whole.get_response("index.html", request.scope)
        # Set here and not by its media type, which "not modified" does not have: a browser may take
        # over the headers that come with it.
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return _checked_each_time(response)

    @router.api_route(PAGE_FILES + "{path:path}", methods=["GET", "HEAD"])
    async def file(path: str, request: Request) -> Response:
        """A script, a style or a picture of the page."""
        return _checked_each_time(await files.get_response(path, request.scope))

    return router


def _checked_each_time(response: Response) -> Response:
    # Names do not change with contents: after an update, old scripts must not meet the new page.
    response.headers["Cache-Control"] = "no-cache"
    return response
