"""How many tokens a request's text has, and how many it may have."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from schema.requests import ExtractBody
from schema.responses import Tokenized
from service.http.body_parsing import read_body
from service.http.handler import Handler
from service.http.middleware.access_log import CLIENT_GONE
from service.http.openapi import body_of
from service.http.problems import responses
from service.http.validation import extraction_request


def tokenize_routes(handler: Handler) -> APIRouter:
    """`POST /tokenize`."""
    router = APIRouter(tags=["extraction"])

    @router.post(
        "/tokenize",
        response_model=Tokenized,
        responses=responses(400, 401, 408, 413, 415, 422, 429, 500, 503),
        openapi_extra={"requestBody": body_of(ExtractBody)},
    )
    async def tokenize(request: Request) -> Tokenized | Response:
        """The tokens of a request as for `/extract`; the model does not run.

        The image is not decoded, but leaves less room for labels.
        """
        handler.check_ready()
        try:
            with handler.admission.enter():
                body = await read_body(request, ExtractBody, handler.settings)
                asked = extraction_request(body, handler.settings)
                return await asyncio.to_thread(handler.extractor.tokenize, asked)
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)

    return router
