"""Documents answered a few at a time, told in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from cli.answering.answer import Answer, Answered, Answerer
from cli.answering.fault import failure_of
from cli.inputs.document import Document
from tasks.errors import DataError, InputError

_AHEAD = 4
"""How many times `concurrency` documents are kept on the way, so that a slow one holds up few."""


async def answered(
    documents: Iterable[Document],
    answerer: Answerer,
    asked: Mapping[str, Any],
    concurrency: int,
) -> AsyncGenerator[Answered]:
    """The answers to `documents` in their order, at most `concurrency` sought at a time.

    What a document brings goes before what is `asked` of all. Raises what makes the answerer give
    up; what is under way then, or when the iterator is closed, is dropped.
    """
    places = asyncio.Semaphore(concurrency)

    async def seek(document: Document) -> Answered:
        async with places:
            return Answered.of(document.id, await _answer(document, answerer, asked))

    under_way: deque[asyncio.Task[Answered]] = deque()
    try:
        for document in documents:
            under_way.append(asyncio.create_task(seek(document)))
            if len(under_way) == _AHEAD * concurrency:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _answer(document: Document, answerer: Answerer, asked: Mapping[str, Any]) -> Answer:
    try:
        fields = await asyncio.to_thread(document.request)
    except (DataError, InputError) as error:
        return failure_of(error)
    return await answerer.answer({**asked, **fields})
