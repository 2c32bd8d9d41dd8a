"""Answer the lines of a batch concurrently, within a window, in the order of the lines."""

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
from service.http.body_parsing import parse_json_body, run_off_loop
from service.http.cancellation import wait_for_disconnect
from service.http.handler import Handler
from service.http.middleware.body_limit import ByteBudget
from service.http.ndjson import Line, LineReader
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
_MAX_PAUSE_S = 1.0


class Batch:
    """Answers lines; a line is read only when an earlier line's answer has been written.

    Thus neither a long batch nor a slow client takes more memory than `batch_window` lines. A line
    that finds the queue full is retried within its deadline.
    """

    def __init__(
        self, handler: Handler, budget: ByteBudget, metrics: Metrics, bucket: TokenBucket | None
    ) -> None:
        self._handler = handler
        self._settings = handler.settings
        self._budget = budget
        self._metrics = metrics
        self._bucket = bucket
        self._window = asyncio.Semaphore(handler.settings.batch_window)
        self._answers: asyncio.Queue[asyncio.Task[BatchAnswer] | None] = asyncio.Queue()

    async def run(self, receive: Receive, write: Callable[[bytes], Awaitable[None]]) -> None:
        """Read lines and write answers until both have ended or the client disconnects."""
        lines = LineReader(receive, self._settings.max_body_bytes, self._settings.body_timeout_s)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write_answers(write))
                await self._read_lines(lines, group)
                watcher = group.create_task(_raise_on_disconnect(receive))
                await writer
                watcher.cancel()
        except* ClientDisconnect:
            log.info("the client of a batch disconnected")

    async def _read_lines(self, lines: LineReader, group: asyncio.TaskGroup) -> None:
        limit = self._settings.max_batch_lines
        number = 1
        try:
            while True:
                await self._window.acquire()
                number = lines.number + 1
                if (line := await lines.next()) is None:
                    break
                if line.number > limit:
                    raise BatchTooLong(f"a batch must have at most {limit} lines", limit=limit)
                self._answers.put_nowait(group.create_task(self._answer(line)))
        except UMIEError as error:
            problem = _problem_answer(number, problem_of(error))
            self._answers.put_nowait(group.create_task(problem))
        self._answers.put_nowait(None)

    async def _write_answers(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        while (task := await self._answers.get()) is not None:
            answer = await task
            outcome = "ok" if answer.problem is None else "problem"
            self._metrics.batch_lines.labels(outcome=outcome).inc()
            await write(answer.model_dump_json().encode() + b"\n")
            self._window.release()

    async def _answer(self, line: Line) -> BatchAnswer:
        deadline_s = self._settings.deadline_s
        try:
            if self._bucket is not None:
                await _take_token(self._bucket)
            with within(deadline_s):
                async with asyncio.timeout(deadline_s):
                    extraction = await _retry_while_full(lambda: self._extract(line))
        except TimeoutError:
            late = DeadlineExceeded(f"the answer was not ready within {deadline_s:g} s")
            return await _problem_answer(line.number, problem_of(late))
        except UMIEError as error:
            return await _problem_answer(line.number, problem_of(error))
        except HTTPException as error:
            return await _problem_answer(line.number, http_problem(error.status_code, error.detail))
        except Exception:
            log.exception("line %d of a batch failed", line.number)
            return await _problem_answer(line.number, internal_problem())
        return BatchAnswer(line=line.number, extraction=extraction, problem=None)

    async def _extract(self, line: Line) -> Extraction:
        handler, settings = self._handler, self._settings
        if line.data is None:
            limit = settings.max_body_bytes
            raise BodyTooLarge(f"a line must have at most {limit} bytes", limit=limit)
        data = line.data
        with self._budget.hold(len(data)), handler.limit.enter():
            body = await run_off_loop(
                lambda: parse_json_body(data, ExtractBody, settings), len(data)
            )
            handler.log_text(body)
            return await handler.extractor.extract(extraction_request(body, settings))


async def _retry_while_full(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, which is retried with a growing pause while it raises `QueueFull`."""
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await work()
        except QueueFull:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)


async def _take_token(bucket: TokenBucket) -> None:
    while wait := bucket.take():
        await asyncio.sleep(wait)


async def _problem_answer(number: int, problem: Problem) -> BatchAnswer:
    return BatchAnswer(line=number, extraction=None, problem=problem)


async def _raise_on_disconnect(receive: Receive) -> None:
    await wait_for_disconnect(receive)
    raise ClientDisconnect
