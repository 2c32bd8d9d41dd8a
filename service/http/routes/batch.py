"""`POST /batch`: NDJSON in, NDJSON out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.types import Receive, Scope, Send

from schema.requests import ExtractBody
from schema.responses import BatchAnswer
from service.http.batch import Batch
from service.http.body_parsing import check_encoding
from service.http.concurrency_limit import ConcurrencyLimit
from service.http.handler import Handler, check_ready
from service.http.middleware.body_limit import ByteBudget
from service.http.openapi_schema import ref
from service.http.problems import responses
from service.observability.metrics import Metrics

PATH = "/batch"
MEDIA_TYPE = "application/x-ndjson"
_MEDIA_TYPES = (MEDIA_TYPE, "application/ndjson", "application/jsonl")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def batch_routes(handler: Handler, budget: ByteBudget, metrics: Metrics) -> APIRouter:
    """`POST /batch`."""
    router = APIRouter(tags=["extraction"])
    limit = ConcurrencyLimit(handler.settings.max_batches)

    @router.post(
        PATH,
        response_class=Response,
        responses={**responses(401, 415, 429, 500, 503), 200: _declared(ref(BatchAnswer))},
        openapi_extra={"requestBody": {"required": True, **_declared(ref(ExtractBody))}},
    )
    async def batch(request: Request) -> Response:
        """Answer requests as for `/extract`, one JSON object per line, in the same order.

        Answers are streamed while lines arrive, and lines are read only as fast as answers are
        taken: the client must read while it sends. A line with an error is answered with a problem
        and does not affect the others.
        """
        check_encoding(request)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _MEDIA_TYPES:
            raise HTTPException(415, f"the body must be {MEDIA_TYPE}")
        check_ready(handler.engine)
        bucket = getattr(request.state, "bucket", None)
        return BatchResponse(Batch(handler, budget, metrics, bucket), limit)

    return router


class BatchResponse(Response):
    """A streamed response that reads the request's body while it is sent."""

    media_type = MEDIA_TYPE

    def __init__(self, batch: Batch, limit: ConcurrencyLimit) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._batch = batch
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answers as they complete; raises `QueueFull` before the first."""

        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        with self._limit.enter():
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._batch.run(receive, write)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _declared(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "One object per line.", "content": {MEDIA_TYPE: {"schema": schema}}}
