from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_app


def test_the_lifespan_is_the_callers(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    app = fake_app(settings, engine, metrics, lifespan=lifespan)

    async def live_once() -> None:
        async with app.router.lifespan_context(app):
            assert seen == ["start"]

    asyncio.run(live_once())
    assert seen == ["start", "stop"]
