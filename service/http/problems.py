"""The error tree as HTTP: RFC 9457 problem documents, one shape for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from schema.responses import Problem
from tasks import errors

MEDIA_TYPE = "application/problem+json"
SCHEMA = {"$ref": "#/components/schemas/Problem"}
"""Where the OpenAPI document has the shape; `service.http.openapi` puts it there."""

RetryAfter = Callable[[int], int]
"""The seconds after which a retry may help; takes what to say when nothing was measured."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its stable word, its status, and when a retry may help."""

    type: str
    status: int
    title: str
    retry_after_s: int | None = None
    field: str | None = None


INTERNAL = Kind("internal-error", 500, "The service failed")

KINDS: dict[type[errors.UMIEError], Kind] = {
    errors.Unauthorised: Kind("unauthorised", 401, "A key of the service is needed"),
    errors.EmptyInput: Kind("empty-input", 422, "Neither text nor image was given"),
    errors.FieldError: Kind("invalid-field", 422, "A field has a value that makes no sense"),
    errors.UnknownTask: Kind("unknown-task", 422, "There is no such task"),
    errors.UnknownOntology: Kind("unknown-ontology", 422, "There is no such ontology"),
    errors.LabelError: Kind("invalid-labels", 422, "A list of labels cannot be used"),
    errors.TextTooLong: Kind("text-too-long", 422, "The text is too long", field="text"),
    errors.HeadersTooLarge: Kind("headers-too-large", 431, "The headers have too many bytes"),
    errors.BodyTooLarge: Kind("body-too-large", 413, "The request has too many bytes"),
    errors.BodyTooSlow: Kind("request-timeout", 408, "The request did not arrive in time"),
    errors.BatchTooLong: Kind("batch-too-long", 413, "The batch has too many lines"),
    errors.ImageTooLarge: Kind("image-too-large", 413, "The image is too large", field="image"),
    errors.ImageUnsupported: Kind(
        "image-unsupported", 415, "The image's format is not supported", field="image"
    ),
    errors.ImageDamaged: Kind("image-damaged", 422, "The image cannot be decoded", field="image"),
    errors.NoVisualTower: Kind(
        "no-visual-tower", 422, "The model cannot see images", field="image"
    ),
    errors.QueueFull: Kind("queue-full", 429, "More work waits than is admitted", retry_after_s=1),
    errors.RateLimited: Kind("rate-limited", 429, "The key was used too often", retry_after_s=1),
    errors.EngineUnavailable: Kind(
        "engine-unavailable", 503, "The model takes no work now", retry_after_s=5
    ),
    errors.DeadlineExceeded: Kind(
        "deadline-exceeded", 504, "The answer was not ready in time", retry_after_s=5
    ),
}

_HTTP_WORDS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    415: "media-type-unsupported",
    431: "headers-too-large",
}


class ProblemResponse(JSONResponse):
    """A problem document; leaves its type in the request's state, for whoever counts."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        self.problem = problem
        super().__init__(problem.model_dump(exclude_none=True), problem.status, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the document."""
        scope.setdefault("state", {})["problem"] = self.problem.type
        await super().__call__(scope, receive, send)


def kind_of(error: errors.UMIEError) -> Kind:
    """The kind of the nearest class of `error` that has one."""
    return next((KINDS[base] for base in type(error).__mro__ if base in KINDS), INTERNAL)


def problem_of(error: errors.UMIEError) -> Problem:
    """The document's content for an error; what is no request's business stays untold."""
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
    error: errors.UMIEError, retry_after: RetryAfter = lambda usual: usual
) -> ProblemResponse:
    """The document for an error of the tree."""
    kind = kind_of(error)
    headers = {}
    if kind.retry_after_s is not None:
        seconds = getattr(error, "retry_after_s", None) or retry_after(kind.retry_after_s)
        headers["Retry-After"] = str(seconds)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(problem_of(error), headers)


def internal_error() -> ProblemResponse:
    """The document for it."""
    return ProblemResponse(internal_problem())


def http_problem(status: int, detail: str) -> Problem:
    """The content for a status of HTTP itself."""
    phrase = HTTPStatus(status).phrase
    word = _HTTP_WORDS.get(status, phrase.lower().replace(" ", "-"))
    return _problem(Kind(word, status, phrase), detail)


def install(app: FastAPI, retry_after: RetryAfter) -> None:
    """Answer every error that `app` raises with a problem document."""

    async def on_error(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, errors.UMIEError)
        return problem_response(error, retry_after)

    app.add_exception_handler(errors.UMIEError, on_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares for its problems in the OpenAPI document."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    examples = {problem.type: problem for problem in _examples(status)}
    return {
        "description": ", ".join(examples),
        "content": {
            MEDIA_TYPE: {
                "schema": SCHEMA,
                "examples": {
                    word: {"value": problem.model_dump(exclude_none=True)}
                    for word, problem in examples.items()
                },
            }
        },
    }


def _examples(status: int) -> list[Problem]:
    kinds = [kind for kind in (*KINDS.values(), INTERNAL) if kind.status == status]
    problems = [_problem(kind, kind.title, field=kind.field) for kind in kinds]
    if status in _HTTP_WORDS:
        problems.append(http_problem(status, HTTPStatus(status).phrase))
    return problems


async def _on_http_exception(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    return ProblemResponse(http_problem(error.status_code, str(error.detail)), error.headers)


async def _on_validation_error(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else None
    return ProblemResponse(_problem(KINDS[errors.FieldError], str(first["msg"]), field=field))


def internal_problem() -> Problem:
    """The content for an exception that nobody expected."""
    return _problem(INTERNAL, "an unexpected error; the service's log tells more")


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
