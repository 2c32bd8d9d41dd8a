"""The error tree as HTTP: RFC 9457 problem documents, one shape for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from service.api.schemas import Problem
from tasks import errors

MEDIA_TYPE = "application/problem+json"


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
    errors.EmptyInput: Kind("empty-input", 422, "Neither text nor image was given"),
    errors.FieldError: Kind("invalid-field", 422, "A field has a value that makes no sense"),
    errors.UnknownTask: Kind("unknown-task", 422, "There is no such task"),
    errors.UnknownOntology: Kind("unknown-ontology", 422, "There is no such ontology"),
    errors.LabelError: Kind("invalid-labels", 422, "A list of labels cannot be used"),
    errors.TextTooLong: Kind("text-too-long", 422, "The text is too long", field="text"),
    errors.BodyTooLarge: Kind("body-too-large", 413, "The request has too many bytes"),
    errors.ImageTooLarge: Kind("image-too-large", 413, "The image is too large", field="image"),
    errors.ImageUnsupported: Kind(
        "image-unsupported", 415, "The image's format is not supported", field="image"
    ),
    errors.ImageDamaged: Kind("image-damaged", 422, "The image cannot be decoded", field="image"),
    errors.QueueFull: Kind("queue-full", 429, "More work waits than is admitted", retry_after_s=1),
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
    408: "request-timeout",
    415: "media-type-unsupported",
}


def kind_of(error: errors.UMIEError) -> Kind:
    """The kind of the nearest class of `error` that has one."""
    return next((KINDS[base] for base in type(error).__mro__ if base in KINDS), INTERNAL)


def problem_response(error: errors.UMIEError) -> JSONResponse:
    """The document for an error of the tree; what is no request's business stays untold."""
    kind = kind_of(error)
    if kind is INTERNAL:
        return internal_error()
    return _document(
        kind,
        str(error),
        field=getattr(error, "field", kind.field),
        limit=getattr(error, "limit", None),
    )


def internal_error() -> JSONResponse:
    """The document for an exception that nobody expected."""
    return _document(INTERNAL, "an unexpected error; the service's log tells more")


def install(app: FastAPI) -> None:
    """Answer every error that `app` raises with a problem document."""
    app.add_exception_handler(errors.UMIEError, _on_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route declares for its problems in the OpenAPI document."""
    schema = Problem.model_json_schema()
    return {
        status: {
            "description": ", ".join(_words(status)) or HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def _words(status: int) -> list[str]:
    named = [kind.type for kind in (*KINDS.values(), INTERNAL) if kind.status == status]
    return [*named, *(word for code, word in _HTTP_WORDS.items() if code == status)]


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.UMIEError)
    return problem_response(error)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    word = _HTTP_WORDS.get(error.status_code, phrase.lower().replace(" ", "-"))
    kind = Kind(word, error.status_code, phrase)
    return _document(kind, str(error.detail), headers=error.headers)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else None
    return _document(KINDS[errors.FieldError], str(first["msg"]), field=field)


def _document(
    kind: Kind,
    detail: str,
    *,
    field: str | None = None,
    limit: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    problem = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        field=field,
        limit=limit,
    )
    sent = dict(headers or {})
    if kind.retry_after_s is not None:
        sent["Retry-After"] = str(kind.retry_after_s)
    return JSONResponse(
        problem.model_dump(exclude_none=True), kind.status, headers=sent, media_type=MEDIA_TYPE
    )
