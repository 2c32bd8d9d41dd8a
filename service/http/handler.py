"""Where requests are answered: what every answering route does around its own work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from schema.extraction import Extraction, Timing
from schema.requests import InstructBody, TaskBody
from schema.responses import Instructed
from service.engine.interface import Engine
from service.http.body_parsing import read_body
from service.http.cancellation import ClientGone, live
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.middleware.access_log import CLIENT_GONE
from service.observability.timing import StageTimer
from service.observability.tracing import Tracing
from service.pipeline.extractor import Extractor
from service.settings import Settings
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)

B = TypeVar("B", bound=TaskBody | InstructBody)
A = TypeVar("A", Extraction, Instructed)


@dataclass(frozen=True)
class Handler:
    """Admits, reads, times and watches over requests."""

    settings: Settings
    engine: Engine
    extractor: Extractor
    admission: ConcurrencyLimit
    tracing: Tracing

    async def answer(
        self,
        request: Request,
        response: Response,
        body: type[B],
        work: Callable[[B, StageTimer], Coroutine[Any, Any, A]],
    ) -> A | Response:
        """The answer that `work` gives to the request's body, or to nobody if the client left.

        Raises leaves of `InputError` and `CapacityError`.
        """
        self.check_ready()
        try:
            with self.admission.enter():
                given = await read_body(request, body, self.settings)
                self.note(given)
                watch = StageTimer(self.tracing.stages)
                answer = await live(request, work(given, watch), self.settings.deadline_s)
        except (ClientGone, ClientDisconnect):
            return Response(status_code=CLIENT_GONE)
        response.headers["Server-Timing"] = server_timing(answer.timing_ms)
        return answer

    def check_ready(self) -> None:
        """Raise `EngineUnavailable` where there is no point in reading a request."""
        if not self.engine.ready:
            raise EngineUnavailable(self.engine.unready_because or "the model is not ready")

    def note(self, body: TaskBody | InstructBody) -> None:
        """Log what was asked, if the settings have it so."""
        if self.settings.log_content:
            log.info("asked", extra={"fields": {"text": body.text}})


def server_timing(timing: Timing) -> str:
    """The `Server-Timing` header: the stages' milliseconds."""
    return ", ".join(f"{stage};dur={ms:g}" for stage, ms in timing)
