"""Answers documents concurrently and yields the answers in input order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any

from cli.backends.answer import Backend, DocumentAnswer
from cli.backends.failures import failure_of
from cli.inputs.document import Document
from cli.inputs.row import TEXT
from tasks.errors import DataError, InputError

_AHEAD = 4
"""Documents in flight, as a multiple of `concurrency`, so that a slow one delays few others."""


async def answer_in_order(
    documents: Iterable[Document],
    backend: Backend,
    options: Mapping[str, Any],
    concurrency: int,
) -> AsyncGenerator[DocumentAnswer]:
    """Yield the answers to `documents` in order, with at most `concurrency` requests at a time.

    A document's own fields override `options`. Raises what the backend raises; requests in flight
    are cancelled then, and when the iterator is closed.
    """
    slots = asyncio.Semaphore(concurrency)

    async def answer(document: Document) -> DocumentAnswer:
        async with slots:
            return await _answer(document, backend, options)

    in_flight: deque[asyncio.Task[DocumentAnswer]] = deque()
    try:
        for document in documents:
            in_flight.append(asyncio.create_task(answer(document)))
            if len(in_flight) == _AHEAD * concurrency:
                yield await in_flight.popleft()
        while in_flight:
            yield await in_flight.popleft()
    finally:
        for task in in_flight:
            task.cancel()
        await asyncio.gather(*in_flight, return_exceptions=True)


async def _answer(
    document: Document, backend: Backend, options: Mapping[str, Any]
) -> DocumentAnswer:
    try:
        fields = await asyncio.to_thread(document.request)
    except (DataError, InputError) as error:
        return DocumentAnswer.of(document.id, failure_of(error))
    text = fields.get(TEXT)
    answer = await backend.answer({**options, **fields})
    return DocumentAnswer.of(document.id, answer, text if isinstance(text, str) else None)
