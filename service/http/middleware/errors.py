"""What happens to exceptions that nobody expected."""

from __future__ import annotations

import asyncio
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import internal_error, problem_response
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)


class ErrorResponses:
    """Turns an exception that nobody expected into a problem document, and logs it.

    A request that is cancelled, which a server does whose time to drain is over, is told so, and
    goes on to be cancelled.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception:
            log.exception("%s failed", scope["method"])
            if begun:
                raise
            await internal_error()(scope, receive, send)
        except asyncio.CancelledError:
            if not begun:
                stopped = EngineUnavailable("the service stopped before the answer was ready")
                await problem_response(stopped)(scope, receive, send)
            raise
