"""Cross-origin requests: which origins' pages may call the service."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from service.http.problems import ProblemResponse, http_problem


class CrossOrigin(CORSMiddleware):
    """Starlette's CORS middleware for an allowlist of origins.

    Credentials such as cookies are not allowed: API keys are sent in headers.
    """

    def __init__(self, app: ASGIApp, origins: str) -> None:
        super().__init__(
            app,
            allow_origins=[origin.strip() for origin in origins.split(",")],
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "X-API-Key",
                "X-Request-ID",
                "traceparent",
            ],
            expose_headers=["Retry-After", "Server-Timing", "X-Request-ID"],
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """The response to a preflight request; a refusal is a problem document."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        problem = http_problem(response.status_code, bytes(response.body).decode())
        return ProblemResponse(problem, headers={"Vary": "Origin"})
