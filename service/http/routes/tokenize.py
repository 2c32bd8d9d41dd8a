"""`POST /tokenize`: the number of tokens of a request's text, and the limits."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from schema.requests import ExtractBody
from schema.responses import Tokenized
from service.http.body_parsing import parse_body
from service.http.cancellation import run_with_deadline
from service.http.handler import Handler
from service.http.openapi_schema import body_of
from service.http.problems import responses
from service.http.uploads import ExtractUpload, with_document_text
from service.http.validation import extraction_request
from tasks.errors import FieldError


def tokenize_routes(handler: Handler) -> APIRouter:
    """`POST /tokenize`."""
    router = APIRouter(tags=["extraction"], dependencies=[Depends(handler.admit, scope="function")])

    @router.post(
        "/tokenize",
        responses=responses(400, 401, 408, 413, 415, 422, 429, 500, 503, 504),
        openapi_extra={"requestBody": body_of(ExtractBody)},
    )
    async def tokenize(request: Request) -> Tokenized:
        """Count the tokens of a request as for `/extract`, without running the model.

        The image is not decoded, but its presence leaves less room for labels.
        """
        body = await parse_body(request, ExtractUpload, handler.settings)
        if body.parts is not None:
            raise FieldError("parts cannot be tokenized: send each text alone", field="parts")
        reading = with_document_text(body, handler.documents)
        given = await run_with_deadline(request, reading, handler.settings.deadline_s)
        asked = extraction_request(given, handler.settings)
        return await handler.extractor.tokenize(asked)

    return router
