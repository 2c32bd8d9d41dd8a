"""How many tokens a request's text has, and how many it may have."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from service.api.bodies import ExtractBody
from service.api.desk import Desk
from service.api.document import body_of
from service.api.middleware.measurement import CLIENT_GONE
from service.api.problems import responses
from service.api.reading import read_body
from service.api.requests import extraction_request
from service.tokenization import Tokenized


def tokenize_routes(desk: Desk) -> APIRouter:
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
        desk.check_ready()
        try:
            with desk.admission.enter():
                body = await read_body(request, ExtractBody, desk.settings)
                asked = extraction_request(body, desk.settings)
                return await asyncio.to_thread(desk.extractor.tokenize, asked)
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)

    return router
