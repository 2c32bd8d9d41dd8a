"""Map errors to HTTP: every error becomes an RFC 9457 problem document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from schema.responses import Problem
from tasks import errors

MEDIA_TYPE = "application/problem+json"
CLIENT_CLOSED = 499
"""The status of requests whose client disconnected, as nginx uses it."""

SCHEMA = {"$ref": "#/components/schemas/Problem"}
"""The schema in the OpenAPI document; `service.http.openapi_schema` adds it."""

RetryAfter = Callable[[int], int]
"""Estimates the seconds until a retry may succeed, from a default for lack of measurements."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    `retry_after_s` is the default of the `Retry-After` header, None where a retry does not help;
    `field` is the field at fault where the error does not name one.
    """

    type: str
    status: int
    title: str
    retry_after_s: int | None = None
    field: str | None = None


INTERNAL = Kind("internal-error", 500, "The service failed")

KINDS: dict[type[errors.UMIEError], Kind] = {
    errors.Unauthorised: Kind("unauthorised", 401, "A valid API key is required"),
    errors.EmptyInput: Kind("empty-input", 422, "Text or image must be given"),
    errors.FieldError: Kind("invalid-field", 422, "A field has an invalid value"),
    errors.UnknownTask: Kind("unknown-task", 422, "The task does not exist"),
    errors.UnknownOntology: Kind("unknown-ontology", 422, "The ontology does not exist"),
    errors.LabelError: Kind("invalid-labels", 422, "A list of labels is invalid"),
    errors.TextTooLong: Kind("text-too-long", 422, "The text is too long", field="text"),
    errors.HeadersTooLarge: Kind("headers-too-large", 431, "The headers are too large"),
    errors.BodyTooLarge: Kind("body-too-large", 413, "The request is too large"),
    errors.BodyTooSlow: Kind("request-timeout", 408, "The request did not arrive in time"),
    errors.BatchTooLong: Kind("batch-too-long", 413, "The batch has too many lines"),
    errors.ImageTooLarge: Kind("image-too-large", 413, "The image is too large", field="image"),
    errors.ImageUnsupported: Kind(
        "image-unsupported", 415, "The image's format is not supported", field="image"
    ),
    errors.ImageDamaged: Kind("image-damaged", 422, "The image cannot be decoded", field="image"),
    errors.NoVisualTower: Kind(
        "no-visual-tower", 422, "The model does not take images", field="image"
    ),
    errors.DocumentTooLarge: Kind(
        "document-too-large", 413, "The document is too large", field="document"
    ),
    errors.DocumentUnsupported: Kind(
        "document-unsupported", 415, "The kind of document is not supported", field="document"
    ),
    errors.DocumentUnreadable: Kind(
        "document-unreadable", 422, "The document cannot be read", field="document"
    ),
    errors.QueueFull: Kind("queue-full", 429, "The queue is full", retry_after_s=1),
    errors.RateLimited: Kind(
        "rate-limited", 429, "Too many requests with this key", retry_after_s=1
    ),
    errors.EngineUnavailable: Kind(
        "engine-unavailable", 503, "The model is not available", retry_after_s=5
    ),
    errors.ReaderUnavailable: Kind(
        "reader-unavailable",
        503,
        "The document cannot be read now",
        retry_after_s=5,
        field="document",
    ),
    errors.DeadlineExceeded: Kind(
        "deadline-exceeded", 504, "The answer was not ready in time", retry_after_s=5
    ),
}

_HTTP_TYPES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    415: "media-type-unsupported",
    431: "headers-too-large",
}


class ProblemResponse(JSONResponse):
    """A problem document; stores its type in the request's state, where `AccessLog` reads it."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        self.problem = problem
        super().__init__(problem.model_dump(exclude_none=True), problem.status, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the document."""
        scope.setdefault("state", {})["problem"] = self.problem.type
        await super().__call__(scope, receive, send)


def kind_of(error: errors.UMIEError) -> Kind:
    """The kind of the nearest base class of `error` that has one."""
    return next((KINDS[base] for base in type(error).__mro__ if base in KINDS), INTERNAL)


def problem_of(error: errors.UMIEError) -> Problem:
    """The problem for an error; internal errors do not reveal their message."""
    kind = kind_of(error)
    if kind is INTERNAL:
        return internal_problem()
    return _problem(
        kind,
        str(error),
        field=getattr(error, "field", kind.field),
        limit=getattr(error, "limit", None),
    )


def problem_response(
    error: errors.UMIEError, retry_after: RetryAfter = lambda default_s: default_s
) -> ProblemResponse:
    """The response for an error of the tree in `tasks.errors`."""
    kind = kind_of(error)
    headers = {}
    if kind.retry_after_s is not None:
        seconds = getattr(error, "retry_after_s", None) or retry_after(kind.retry_after_s)
        headers["Retry-After"] = str(seconds)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(problem_of(error), headers)


def internal_error() -> ProblemResponse:
    """The response for an unexpected exception."""
    return ProblemResponse(internal_problem())


def http_problem(status: int, detail: str) -> Problem:
    """The problem for a status that HTTP itself defines."""
    phrase = HTTPStatus(status).phrase
    kind = _HTTP_TYPES.get(status, phrase.lower().replace(" ", "-"))
    return _problem(Kind(kind, status, phrase), detail)


def install(app: FastAPI, retry_after: RetryAfter) -> None:
    """Answer every error that a route raises with a problem document.

    Where the client has disconnected the response has status 499 and no content: nothing receives
    it, but the access log and the metrics count it.
    """

    async def on_error(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, errors.UMIEError)
        return problem_response(error, retry_after)

    app.add_exception_handler(errors.UMIEError, on_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses that a route declares for its problems in the OpenAPI document."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    examples = {problem.type: problem for problem in _examples(status)}
    return {
        "description": ", ".join(examples),
        "content": {
            MEDIA_TYPE: {
                "schema": SCHEMA,
                "examples": {
                    name: {"value": problem.model_dump(exclude_none=True)}
                    for name, problem in examples.items()
                },
            }
        },
    }


def _examples(status: int) -> list[Problem]:
    kinds = [kind for kind in (*KINDS.values(), INTERNAL) if kind.status == status]
    problems = [_problem(kind, kind.title, field=kind.field) for kind in kinds]
    if status in _HTTP_TYPES:
        problems.append(http_problem(status, HTTPStatus(status).phrase))
    return problems


async def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED)


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    return ProblemResponse(http_problem(error.status_code, str(error.detail)), error.headers)


async def _on_validation_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else None
    return ProblemResponse(_problem(KINDS[errors.FieldError], str(first["msg"]), field=field))


def internal_problem() -> Problem:
    """The problem for an unexpected exception."""
    return _problem(INTERNAL, "an unexpected error; see the log of the service")


def _problem(
    kind: Kind, detail: str, *, field: str | None = None, limit: int | None = None
) -> Problem:
    return Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        field=field,
        limit=limit,
    )
