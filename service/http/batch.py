"""Many requests in one: lines in, answers out in the same order, few of them at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from schema.extraction import Extraction
from schema.requests import ExtractBody
from schema.responses import BatchAnswer, Problem
from service.engine.deadline import within
from service.http.body_parsing import body_of_json, off_loop
from service.http.cancellation import ClientGone
from service.http.handler import Handler
from service.http.middleware.body_limit import ByteBudget
from service.http.ndjson import Line, Lines
from service.http.problems import http_problem, internal_problem, problem_of
from service.http.rate_limit import TokenBucket
from service.http.validation import extraction_request
from service.observability.metrics import Metrics
from tasks.errors import (
    BatchTooLong,
    BodyTooLarge,
    DeadlineExceeded,
    QueueFull,
    UMIEError,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


class Batch:
    """Answers lines; a new one is read only when an old one's answer has been taken.

    So neither a long batch nor a slow reader costs more memory than the window has lines. A line
    that finds the service full waits, within its deadline, rather than fail.
    """

    def __init__(
        self, handler: Handler, budget: ByteBudget, metrics: Metrics, bucket: TokenBucket | None
    ) -> None:
        self._desk = handler
        self._budget = budget
        self._metrics = metrics
        self._bucket = bucket
        self._places = asyncio.Semaphore(handler.settings.batch_window)
        self._answers: asyncio.Queue[asyncio.Task[BatchAnswer] | None] = asyncio.Queue()

    async def run(self, receive: Receive, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Read lines and write answers until both have ended, or the client is gone."""
        settings = self._desk.settings
        lines = Lines(receive, settings.max_body_bytes, settings.body_timeout_s)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._run_decoder(write))
                await self._read(lines, group)
                watcher = group.create_task(_until_gone(receive))
                await writer
                watcher.cancel()
        except* (ClientGone, ClientDisconnect):
            log.info("the client of a batch is gone")

    async def _read(self, lines: Lines, group: asyncio.TaskGroup) -> None:
        most = self._desk.settings.max_batch_lines
        number = 1
        try:
            while True:
                await self._places.acquire()
                number = lines.number + 1
                if (line := await lines.next()) is None:
                    break
                if line.number > most:
                    raise BatchTooLong(f"at most {most} lines are admitted", limit=most)
                self._answers.put_nowait(group.create_task(self._answer(line)))
        except UMIEError as error:
            refused = _refused(number, problem_of(error))
            self._answers.put_nowait(group.create_task(refused))
        self._answers.put_nowait(None)

    async def _run_decoder(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        while (task := await self._answers.get()) is not None:
            answer = await task
            outcome = "ok" if answer.problem is None else "problem"
            self._metrics.batch_lines.labels(outcome=outcome).inc()
            await write(answer.model_dump_json().encode() + b"\n")
            self._places.release()

    async def _answer(self, line: Line) -> BatchAnswer:
        deadline_s = self._desk.settings.deadline_s
        try:
            if self._bucket is not None:
                await _drawn(self._bucket)
            with within(deadline_s):
                async with asyncio.timeout(deadline_s):
                    extraction = await _patient(lambda: self._extract(line))
        except TimeoutError:
            late = DeadlineExceeded(f"the answer was not ready within {deadline_s:g} s")
            return await _refused(line.number, problem_of(late))
        except UMIEError as error:
            return await _refused(line.number, problem_of(error))
        except HTTPException as error:
            return await _refused(line.number, http_problem(error.status_code, error.detail))
        except Exception:
            log.exception("line %d of a batch failed", line.number)
            return await _refused(line.number, internal_problem())
        return BatchAnswer(line=line.number, extraction=extraction, problem=None)

    async def _extract(self, line: Line) -> Extraction:
        handler, most = self._desk, self._desk.settings.max_body_bytes
        if line.data is None:
            raise BodyTooLarge(f"the line has more than the {most} bytes admitted", limit=most)
        data = line.data
        with self._budget.hold(len(data)), handler.admission.enter():
            body = await off_loop(
                lambda: body_of_json(data, ExtractBody, handler.settings), len(data)
            )
            handler.note(body)
            return await handler.extractor.extract(extraction_request(body, handler.settings))


async def _patient(work: Callable[[], Awaitable[T]]) -> T:
    """What `work` gives, tried again while the queue is full."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await work()
        except QueueFull:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)


async def _drawn(bucket: TokenBucket) -> None:
    while wait := bucket.take():
        await asyncio.sleep(wait)


async def _refused(number: int, problem: Problem) -> BatchAnswer:
    return BatchAnswer(line=number, extraction=None, problem=problem)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientGone
