"""Answer unexpected exceptions and cancelled requests with problem documents."""

from __future__ import annotations

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import internal_error, problem_response
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)


class ErrorResponses:
    """Turns an unexpected exception into a problem document with status 500, and logs it.

    The server cancels requests that still run when the time to drain is over; they are answered
    with status 503, and the cancellation continues.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started = False

        async def send_and_record_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_record_start)
        except Exception:
            log.exception("%s failed", scope["method"])
            if started:
                raise
            await internal_error()(scope, receive, send)
        except asyncio.CancelledError:
            if not started:
                stopped = EngineUnavailable("the service stopped before the answer was ready")
                await problem_response(stopped)(scope, receive, send)
            raise
