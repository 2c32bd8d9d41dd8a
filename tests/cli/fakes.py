"""Somebody who answers without a model, and what is found without one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from cli.backends.answer import Answer, Failure
from schema.extraction import (
    ArgumentFound,
    EntityFound,
    EventFound,
    Extraction,
    Gate,
    ImageSize,
    RegionFound,
    RelationFound,
    Timing,
    TriggerFound,
)
from tasks.errors import EngineUnavailable

MODEL = "umie-fake@0"


def found(text: str = "Ann met Bob", **more: Any) -> Extraction:
    """One person: the first word."""
    word = text.split()[0] if text.split() else ""
    start = text.find(word)
    entity = EntityFound(
        id=0, text=word, start=start, end=start + len(word), type="person", score=0.9, regions=[]
    )
    parts: dict[str, Any] = {
        "image": None,
        "regions": [],
        "entities": [entity] if word else [],
        "relations": [],
        "events": [],
    }
    timing = Timing(total=1, image=0, queue=0, visual=0, fusion=0, decode=1)
    gate = Gate(entities=0.0, relations=None, events=None)
    return Extraction(**(parts | more), gate=gate, model=MODEL, timing_ms=timing)


FULL = found(
    image=ImageSize(width=40, height=20),
    regions=[RegionFound(id="O1", label="people", score=0.62, box=(0.0, 1.4, 20.6, 19))],
    entities=[
        EntityFound(id=0, text="Ann", start=0, end=3, type="person", score=0.978, regions=["O1"]),
        EntityFound(id=1, text="東京", start=8, end=10, type="place", score=0.5, regions=[]),
    ],
    relations=[RelationFound(type="live in", head=0, tail=1, score=0.7)],
    events=[
        EventFound(
            type="meet",
            trigger=TriggerFound(text="met", start=4, end=7),
            score=0.8,
            arguments=[
                ArgumentFound(role="who", text="Ann", start=0, end=3, region=None, score=0.6),
                ArgumentFound(role="at", text=None, start=None, end=None, region="O1", score=0.4),
            ],
        )
    ],
)
"""Everything that can be found, at least once."""


class Fake:
    """Finds one person in every text, but refuses the text "refuse".

    pause: seconds that a text takes. broken_at: the text at which it gives up. refuses: fields that
    it takes from nobody. most: how many were under way at a time.
    """

    def __init__(self, pause: Callable[[str], float] = lambda _: 0.0) -> None:
        self._pause = pause
        self.model = MODEL
        self.broken_at: str | None = None
        self.refuses: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.working = self.most = 0

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """By the rules above."""
        self.asked.append(dict(fields))
        self.working += 1
        self.most = max(self.most, self.working)
        text = fields.get("text", "")
        try:
            await asyncio.sleep(self._pause(text))
        finally:
            self.working -= 1
        if text == self.broken_at:
            raise EngineUnavailable("it is gone")
        if text == "refuse" or self.refuses & fields.keys():
            return Failure(type="refused", detail="not this one")
        return found(text)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self.working == 0
