"""`POST /extract` as NDJSON: a line for each passage when it is done, then the whole answer."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from schema.extraction import Extraction, Task
from schema.responses import (
    STREAMED_LINES,
    PassageAnswer,
    Problem,
    StreamedAnswer,
    StreamedProblem,
    StreamedText,
)
from service.http.cancellation import run_with_deadline
from service.http.handler import Handler
from service.http.openapi_schema import ref
from service.http.problems import internal_problem, problem_of
from service.http.uploads import TaskUpload
from service.observability.timing import StageTimer
from service.pipeline.progress import PassageFound
from tasks.errors import UMIEError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/x-ndjson"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
DECLARED: dict[str, Any] = {
    MEDIA_TYPE: {"schema": {"anyOf": [ref(line) for line in STREAMED_LINES]}}
}
"""The content of a streamed response in the OpenAPI document."""


def wants_lines(request: Request) -> bool:
    """Whether the client names NDJSON in `Accept`."""
    ranges = request.headers.get("accept", "").lower().split(",")
    return any(part.partition(";")[0].strip() == MEDIA_TYPE for part in ranges)


class StreamedExtraction(Response):
    """The extraction of a request, passage by passage.

    An error before the first line is a problem document with its status, as without streaming;
    later it is the last line.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self, handler: Handler, request: Request, body: TaskUpload, task: Task | None
    ) -> None:
        """Create the response.

        Args:
            handler: runs the extraction.
            request: the request, whose body has been read.
            body: the parsed body.
            task: as for `Handler.extract`.
        """
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._handler, self._request = handler, request
        self._body, self._task = body, task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the extraction and send its lines; raises errors that come before the first."""
        lines = _Lines(send, self.raw_headers)
        with self._handler.limit.enter():
            try:
                await lines.write(StreamedAnswer(extraction=await self._extraction(lines)))
            except ClientDisconnect:
                if not lines.begun:
                    raise
                log.info("the client of a streamed extraction disconnected")
                return
            except Exception as error:
                if not lines.begun:
                    raise
                problem = _problem_of(error)
                scope.setdefault("state", {})["problem"] = problem.type
                await lines.write(StreamedProblem(problem=problem), exclude_none=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _extraction(self, lines: _Lines) -> Extraction:
        handler = self._handler
        timer = StageTimer(handler.tracing.stages)
        work = handler.extract(self._body, self._task, timer, lines)
        return await run_with_deadline(self._request, work, handler.settings.deadline_s)


class _Lines:
    """Writes lines; the first one starts the response."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.begun = False

    async def text(self, text: str) -> None:
        await self.write(StreamedText(text=text))

    async def passage(self, found: PassageFound) -> None:
        await self.write(
            PassageAnswer(
                passage=found.number,
                of=found.count,
                part=found.part,
                start=found.start,
                end=found.end,
                entities=found.entities,
            )
        )

    async def write(self, line: BaseModel, *, exclude_none: bool = False) -> None:
        if not self.begun:
            self.begun = True
            start = {"type": "http.response.start", "status": 200, "headers": self._headers}
            await self._send(start)
        data = line.model_dump_json(exclude_none=exclude_none).encode() + b"\n"
        await self._send({"type": "http.response.body", "body": data, "more_body": True})


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, UMIEError):
        return problem_of(error)
    log.error("a streamed extraction failed", exc_info=error)
    return internal_problem()
