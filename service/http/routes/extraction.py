"""`POST /extract`, one endpoint per task, and `POST /instruct`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from schema.extraction import DocumentExtraction, Extraction, Task
from schema.requests import ExtractBody, InstructBody, TaskBody
from schema.responses import Instructed
from service.http.handler import Handler
from service.http.openapi_schema import body_of
from service.http.problems import responses
from service.http.streaming import DECLARED, StreamedExtraction, wants_lines
from service.http.uploads import ExtractUpload, TaskUpload
from service.http.validation import instruction_request

PROBLEMS = (400, 401, 408, 413, 415, 422, 429, 500, 503, 504)
"""The statuses of problems that every route that runs the model declares."""

TIMING = {
    "Server-Timing": {
        "description": "Milliseconds of each stage of the work.",
        "schema": {"type": "string"},
    }
}


def extraction_routes(handler: Handler) -> APIRouter:
    """`POST /extract` and `/extract/entities`, `/extract/relations`, `/extract/events`."""
    router = APIRouter(tags=["extraction"], dependencies=[Depends(handler.admit, scope="function")])
    declared = {**responses(*PROBLEMS), 200: {"headers": TIMING}}

    @router.post(
        "/extract",
        response_model=DocumentExtraction | Extraction,
        responses={**declared, 200: {"headers": TIMING, "content": DECLARED}},
        openapi_extra={"requestBody": body_of(ExtractBody)},
    )
    async def extract(
        request: Request, response: Response
    ) -> DocumentExtraction | Extraction | Response:
        """Extract entities, relations and events, and the regions they are grounded in.

        Offsets are half-open and count Unicode code points of the text exactly as sent, or of the
        text that was read from the document. With `Accept: application/x-ndjson` the entities of
        each passage are streamed while the rest is processed, one object per line.
        """
        body = await handler.parse_request(request, ExtractUpload)
        if wants_lines(request):
            return StreamedExtraction(handler, request, body, None)
        return await handler.answer(request, response, partial(handler.extract, body, None))

    for task in Task:
        router.post(
            f"/extract/{task}",
            responses=declared,
            openapi_extra={"requestBody": body_of(TaskBody)},
            description=f"The same as `/extract` with `tasks` set to {task}.",
            operation_id=f"extract_{task}",
            summary=f"Extract {task.capitalize()}",
        )(_one_task(handler, task))
    return router


def instruction_routes(handler: Handler) -> APIRouter:
    """`POST /instruct`."""
    router = APIRouter(tags=["extraction"], dependencies=[Depends(handler.admit, scope="function")])

    @router.post(
        "/instruct",
        responses={**responses(*PROBLEMS), 200: {"headers": TIMING}},
        openapi_extra={"requestBody": body_of(InstructBody)},
    )
    async def instruct(request: Request, response: Response) -> Instructed:
        """Run one prompt with a free instruction: the raw output, its tokens and its records.

        The prompt is `before`, the text, `after`, and then the lists in the order given.
        """
        body = await handler.parse_request(request, InstructBody)
        asked = instruction_request(body, handler.settings)
        return await handler.answer(request, response, partial(handler.extractor.instruct, asked))

    return router


def _one_task(
    handler: Handler, task: Task
) -> Callable[[Request, Response], Awaitable[DocumentExtraction | Extraction]]:
    async def extract_one(request: Request, response: Response) -> DocumentExtraction | Extraction:
        body = await handler.parse_request(request, TaskUpload)
        return await handler.answer(request, response, partial(handler.extract, body, task))

    return extract_one
