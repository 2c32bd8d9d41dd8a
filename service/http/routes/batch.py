"""Batches: one JSON request a line, one JSON answer a line."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.types import Receive, Scope, Send

from schema.requests import ExtractBody
from schema.responses import BatchAnswer
from service.http.batch import Batch
from service.http.body_parsing import check_encoding
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.handler import Handler
from service.http.middleware.body_limit import ByteBudget
from service.http.openapi import ref
from service.http.problems import responses
from service.observability.metrics import Metrics

PATH = "/batch"
MEDIA_TYPE = "application/x-ndjson"
_ADMITTED = (MEDIA_TYPE, "application/ndjson", "application/jsonl")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def batch_routes(handler: Handler, budget: ByteBudget, metrics: Metrics) -> APIRouter:
    """`POST /batch`."""
    router = APIRouter(tags=["extraction"])
    admission = ConcurrencyLimit(handler.settings.max_batches)

    @router.post(
        PATH,
        response_class=Response,
        responses={**responses(401, 415, 429, 500, 503), 200: _declared(ref(BatchAnswer))},
        openapi_extra={"requestBody": {"required": True, **_declared(ref(ExtractBody))}},
    )
    async def batch(request: Request) -> Response:
        """Requests as for `/extract`, one JSON object a line; answers in the same order.

        Answers are sent while lines still come, and reading waits for them: read while you send.
        What is wrong with a line is told in its answer, and the others are answered.
        """
        check_encoding(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _ADMITTED:
            raise HTTPException(415, f"the body must be {MEDIA_TYPE}")
        handler.check_ready()
        bucket = getattr(request.state, "bucket", None)
        return BatchResponse(Batch(handler, budget, metrics, bucket), admission)

    return router


class BatchResponse(Response):
    """Reads the rest of the request while it is sent."""

    media_type = MEDIA_TYPE

    def __init__(self, batch: Batch, admission: ConcurrencyLimit) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._batch = batch
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answers as they come; raises `QueueFull` before the first."""

        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        with self._admission.enter():
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._batch.run(receive, write)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _declared(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "One object a line.", "content": {MEDIA_TYPE: {"schema": schema}}}
