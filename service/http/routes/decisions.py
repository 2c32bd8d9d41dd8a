"""`POST /choose` and `POST /ground`: single decisions with their probabilities."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from schema.decisions import Chosen, PhrasesGrounded
from schema.requests import ChooseBody, GroundBody
from service.http.decision_requests import choice_request, phrases_request
from service.http.handler import Handler
from service.http.openapi_schema import body_of
from service.http.problems import responses
from service.http.routes.extraction import PROBLEMS, TIMING


def decision_routes(handler: Handler) -> APIRouter:
    """`POST /choose` and `POST /ground`."""
    router = APIRouter(tags=["extraction"], dependencies=[Depends(handler.admit, scope="function")])
    declared = {**responses(*PROBLEMS), 200: {"headers": TIMING}}

    @router.post("/choose", responses=declared, openapi_extra={"requestBody": body_of(ChooseBody)})
    async def choose(request: Request, response: Response) -> Chosen:
        """Choose among options for a span, or for a pair of spans: all scores, which sum to 1.

        Offsets are half-open and count Unicode code points of the text exactly as sent.
        """
        body = await handler.parse_request(request, ChooseBody)
        asked = choice_request(body, handler.settings)
        work = partial(handler.extractor.chooser.choose, asked)
        return await handler.answer(request, response, work)

    @router.post("/ground", responses=declared, openapi_extra={"requestBody": body_of(GroundBody)})
    async def ground(request: Request, response: Response) -> PhrasesGrounded:
        """Find phrases in an image: whether it shows each of them, and in which box."""
        body = await handler.parse_request(request, GroundBody)
        asked = phrases_request(body, handler.settings)
        work = partial(handler.extractor.grounder.ground, asked)
        return await handler.answer(request, response, work)

    return router
