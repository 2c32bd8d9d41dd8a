"""Extraction, of all tasks or of one, and free instructions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from schema.extraction import Extraction, Task
from schema.requests import ExtractBody, InstructBody, TaskBody
from schema.responses import Instructed
from service.http.handler import Handler
from service.http.openapi import body_of
from service.http.problems import responses
from service.http.validation import extraction_request, instruction_request
from service.observability.timing import StageTimer

_PROBLEMS = (400, 401, 408, 413, 415, 422, 429, 500, 503, 504)
_TIMING = {
    "Server-Timing": {
        "description": "Milliseconds of each stage of the work.",
        "schema": {"type": "string"},
    }
}


def extraction_routes(handler: Handler) -> APIRouter:
    """`POST /extract` and `/extract/entities`, `/extract/relations`, `/extract/events`."""
    router = APIRouter(tags=["extraction"])
    declared = {**responses(*_PROBLEMS), 200: {"headers": _TIMING}}

    @router.post(
        "/extract",
        response_model=Extraction,
        responses=declared,
        openapi_extra={"requestBody": body_of(ExtractBody)},
    )
    async def extract(request: Request, response: Response) -> Extraction | Response:
        """Entities, relations, events and the regions they are grounded in.

        Offsets are half-open and count Unicode code points of the text exactly as sent.
        """

        async def work(body: ExtractBody, watch: StageTimer) -> Extraction:
            return await handler.extractor.extract(
                extraction_request(body, handler.settings), watch
            )

        return await handler.answer(request, response, ExtractBody, work)

    for task in Task:
        router.post(
            f"/extract/{task}",
            response_model=Extraction,
            responses=declared,
            openapi_extra={"requestBody": body_of(TaskBody)},
            description=f"The same as `/extract` with `tasks` {task} alone.",
            operation_id=f"extract_{task}",
            summary=f"Extract {task.capitalize()}",
        )(_one_task(handler, task))
    return router


def instruction_routes(handler: Handler) -> APIRouter:
    """`POST /instruct`."""
    router = APIRouter(tags=["extraction"])

    @router.post(
        "/instruct",
        response_model=Instructed,
        responses={**responses(*_PROBLEMS), 200: {"headers": _TIMING}},
        openapi_extra={"requestBody": body_of(InstructBody)},
    )
    async def instruct(request: Request, response: Response) -> Instructed | Response:
        """One prompt in so many words: what the model writes, its tokens, and its records.

        The prompt is `before`, the text, `after`, and behind them the lists, in the order given.
        """

        async def work(body: InstructBody, watch: StageTimer) -> Instructed:
            return await handler.extractor.instruct(
                instruction_request(body, handler.settings), watch
            )

        return await handler.answer(request, response, InstructBody, work)

    return router


def _one_task(
    handler: Handler, task: Task
) -> Callable[[Request, Response], Awaitable[Extraction | Response]]:
    async def extract_one(request: Request, response: Response) -> Extraction | Response:
        async def work(body: TaskBody, watch: StageTimer) -> Extraction:
            asked = extraction_request(body, handler.settings, task)
            return await handler.extractor.extract(asked, watch)

        return await handler.answer(request, response, TaskBody, work)

    return extract_one
