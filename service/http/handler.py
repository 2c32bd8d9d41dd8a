"""What the extraction routes share: readiness, admission, the body, the deadline and timing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request, Response

from schema.decisions import Chosen, PhrasesGrounded
from schema.extraction import DocumentExtraction, Extraction, Task, Timing
from schema.requests import ChooseBody, GroundBody, InstructBody, TaskBody
from schema.responses import Instructed
from service.documents.reader import DocumentReader
from service.engine.interface import Engine
from service.http.body_parsing import parse_body
from service.http.cancellation import run_with_deadline
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.uploads import TaskUpload, with_document_text
from service.http.validation import extraction_request
from service.observability.timing import StageTimer
from service.observability.tracing import Tracing
from service.pipeline.extractor import Extractor
from service.pipeline.progress import Progress
from service.settings import Settings
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)

Body = TaskBody | InstructBody | ChooseBody | GroundBody
B = TypeVar("B", bound=Body)
A = TypeVar("A", Extraction, Instructed, Chosen, PhrasesGrounded)


def check_ready(engine: Engine) -> None:
    """Raise `EngineUnavailable` where the engine takes no work."""
    if not engine.ready:
        raise EngineUnavailable(engine.unready_because or "the model is not ready")


@dataclass(frozen=True)
class Handler:
    """The steps around a route's call of the pipeline."""

    settings: Settings
    engine: Engine
    extractor: Extractor
    limit: ConcurrencyLimit
    tracing: Tracing
    documents: DocumentReader

    async def admit(self) -> AsyncIterator[None]:
        """Hold a slot of the concurrency limit while a route runs; a dependency of the route.

        Raises:
            EngineUnavailable: the engine takes no work.
            QueueFull: too many requests are in flight.
        """
        check_ready(self.engine)
        with self.limit.enter():
            yield

    async def parse_request(self, request: Request, model: type[B]) -> B:
        """Read and parse the body as `model`; raises as `parse_body`."""
        body = await parse_body(request, model, self.settings)
        if getattr(body, "document", None) is None:  # its text is logged when it is read
            self.log_text(body)
        return body

    async def extract(
        self,
        body: TaskUpload,
        task: Task | None,
        timer: StageTimer,
        progress: Progress | None = None,
    ) -> Extraction:
        """Read the document, if there is one, and run the extraction.

        Args:
            body: the parsed body.
            task: the only task of the route; None takes the tasks that the body names.
            timer: a running timer of the request.
            progress: takes parts of the answer before it is complete.

        Raises:
            InputError: a leaf of it, where the request cannot be answered as it stands.
            CapacityError: a leaf of it, where the service cannot answer now.
        """
        given = await with_document_text(body, self.documents)
        asked = extraction_request(given, self.settings, task)
        if body.document is None:
            return await self.extractor.extract(asked, timer, progress)
        self.log_text(given)
        if progress is not None:
            await progress.text(given.text)
        extraction = await self.extractor.extract(asked, timer, progress)
        return DocumentExtraction(**dict(extraction), text=given.text)

    async def answer(
        self,
        request: Request,
        response: Response,
        work: Callable[[StageTimer], Coroutine[Any, Any, A]],
    ) -> A:
        """Run the pipeline within the deadline and report the stages in `Server-Timing`.

        Args:
            request: the request, with its body already read.
            response: the response whose headers are set.
            work: the call of the pipeline.

        Raises:
            DeadlineExceeded: the answer is not ready within `deadline_s`.
            ClientDisconnect: the client closed the connection.
        """
        timer = StageTimer(self.tracing.stages)
        answer = await run_with_deadline(request, work(timer), self.settings.deadline_s)
        response.headers["Server-Timing"] = server_timing(answer.timing_ms)
        return answer

    def log_text(self, body: Body) -> None:
        """Log the request's text, if the setting `log_content` is on."""
        if self.settings.log_content:
            log.info("asked", extra={"fields": {"text": _text_of(body)}})


def server_timing(timing: Timing) -> str:
    """The value of the `Server-Timing` header: milliseconds of each stage."""
    return ", ".join(f"{stage};dur={ms:g}" for stage, ms in timing)


def _text_of(body: Body) -> str:
    """All texts of a body, line by line."""
    if isinstance(body, GroundBody):
        return "\n".join(body.phrases)
    parts = getattr(body, "parts", None)
    return "\n".join(part.text for part in parts) if parts else body.text
