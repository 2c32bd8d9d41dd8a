"""Extraction, of all tasks or of one, and free instructions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from service.api.bodies import ExtractBody, InstructBody, TaskBody
from service.api.desk import Desk
from service.api.document import body_of
from service.api.problems import responses
from service.api.requests import extraction_request, instruction_request
from service.extraction import Extraction, Task
from service.instructing import Instructed
from service.stopwatch import Stopwatch

_PROBLEMS = (400, 401, 408, 413, 415, 422, 429, 500, 503, 504)
_TIMING = {
    "Server-Timing": {
        "description": "Milliseconds of each stage of the work.",
        "schema": {"type": "string"},
    }
}


def extraction_routes(desk: Desk) -> APIRouter:
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

        async def work(body: ExtractBody, watch: Stopwatch) -> Extraction:
            return await desk.extractor.extract(extraction_request(body, desk.settings), watch)

        return await desk.answer(request, response, ExtractBody, work)

    for task in Task:
        router.post(
            f"/extract/{task}",
            response_model=Extraction,
            responses=declared,
            openapi_extra={"requestBody": body_of(TaskBody)},
            description=f"The same as `/extract` with `tasks` {task} alone.",
            operation_id=f"extract_{task}",
            summary=f"Extract {task.capitalize()}",
        )(_one_task(desk, task))
    return router


def instruction_routes(desk: Desk) -> APIRouter:
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

        async def work(body: InstructBody, watch: Stopwatch) -> Instructed:
            return await desk.extractor.instruct(instruction_request(body, desk.settings), watch)

        return await desk.answer(request, response, InstructBody, work)

    return router


def _one_task(
    desk: Desk, task: Task
) -> Callable[[Request, Response], Awaitable[Extraction | Response]]:
    async def extract_one(request: Request, response: Response) -> Extraction | Response:
        async def work(body: TaskBody, watch: Stopwatch) -> Extraction:
            asked = extraction_request(body, desk.settings, task)
            return await desk.extractor.extract(asked, watch)

        return await desk.answer(request, response, TaskBody, work)

    return extract_one
