"""Many extractions with limited concurrency, in input order."""

from __future__ import annotations

import asyncio
import operator
import threading
from collections import deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from tqdm import tqdm

from umie_client.errors import ClientError, InvalidArgument
from umie_client.options import ExtractItem
from umie_client.pictures import ImageSource
from umie_client.result import Result

Item: TypeAlias = str | ExtractItem
"""A text, or a mapping with the arguments of `extract`."""

Sleep: TypeAlias = Callable[[float], None]
Arguments: TypeAlias = tuple[str | None, ImageSource | None, dict[str, Any]]
"""Text, image and options."""

AHEAD = 2
"""Items read ahead, as a multiple of the concurrency, so that a slow one delays few others."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an item: either a result or an error.

    Attributes:
        item: the item as given.
        result: the result, or None.
        error: the error, or None.
    """

    item: Item
    result: Result | None
    error: ClientError | None

    def get(self) -> Result:
        """Return the result, or raise the error."""
        if self.result is None:
            assert self.error is not None
            raise self.error
        return self.result


def arguments_of(item: object, options: Mapping[str, Any]) -> Arguments:
    """Return the arguments of an item; its own options override `options`.

    Raises:
        InvalidArgument: the item is neither a string nor a mapping.
    """
    if isinstance(item, str):
        return item, None, dict(options)
    if not isinstance(item, Mapping):
        raise InvalidArgument(f"an item must be a str or a mapping, not {type(item).__name__}")
    merged = {**options, **item}
    return merged.pop("text", None), merged.pop("image", None), merged


def check(items: object, concurrency: int) -> None:
    """Raise `InvalidArgument` if `items` or `concurrency` is invalid."""
    if isinstance(items, (str, bytes, Mapping)):
        raise InvalidArgument("items must be an iterable of texts or mappings, not a single one")
    if not (isinstance(concurrency, int) and concurrency >= 1):
        raise InvalidArgument(f"concurrency must be an integer of at least 1, not {concurrency!r}")


def outcomes(
    request: Callable[[Item, Sleep], Result],
    items: Iterable[Item],
    concurrency: int,
    progress: bool,
) -> Iterator[Outcome]:
    """Yield an outcome for each item, in order.

    Closing the generator waits for the requests in flight, but not for pauses before retries. If
    reading an item fails, the outcomes of the items before it are yielded first.

    Args:
        request: sends one request; runs on up to `concurrency` threads.
        items: the items; at most `AHEAD * concurrency` are read ahead.
        concurrency: most requests in flight.
        progress: whether to show a progress bar.
    """
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.wait(seconds):
            raise _Stopped

    def work(item: Item) -> Outcome:
        try:
            return Outcome(item, request(item, pause), None)
        except ClientError as error:
            return Outcome(item, None, error)

    source = _Source(items)
    window: deque[Future[Outcome]] = deque()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="umie-client")
    try:
        with _bar(items, progress) as bar:
            for item in source:
                window.append(pool.submit(work, item))
                if len(window) == AHEAD * concurrency:
                    yield _counted(window.popleft().result(), bar)
            while window:
                yield _counted(window.popleft().result(), bar)
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)
    source.check()


async def outcomes_async(
    request: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item] | AsyncIterable[Item],
    concurrency: int,
    progress: bool,
) -> AsyncIterator[Outcome]:
    """Like `outcomes`, in tasks. Closing the generator cancels the requests in flight."""
    slots = asyncio.Semaphore(concurrency)

    async def work(item: Item) -> Outcome:
        async with slots:
            try:
                return Outcome(item, await request(item), None)
            except ClientError as error:
                return Outcome(item, None, error)

    source = _Source(items)
    window: deque[asyncio.Task[Outcome]] = deque()
    try:
        with _bar(items, progress) as bar:
            async for item in source:
                window.append(asyncio.create_task(work(item)))
                if len(window) == AHEAD * concurrency:
                    yield _counted(await window[0], bar)
                    window.popleft()
            while window:
                yield _counted(await window[0], bar)
                window.popleft()
    finally:
        for task in window:
            task.cancel()
        await asyncio.gather(*window, return_exceptions=True)
    source.check()


class _Stopped(Exception):
    """The generator was closed."""


class _Source(Generic[T]):
    """Iterates over items; `check` raises the error that ended the iteration early, if any."""

    def __init__(self, items: Iterable[T] | AsyncIterable[T]) -> None:
        self._items = items
        self._failure: Exception | None = None

    def __iter__(self) -> Iterator[T]:
        assert isinstance(self._items, Iterable)
        try:
            yield from self._items
        except Exception as error:
            self._failure = error

    async def __aiter__(self) -> AsyncIterator[T]:
        if isinstance(self._items, Iterable):
            for item in self:
                yield item
            return
        try:
            async for item in self._items:
                yield item
        except Exception as error:
            self._failure = error

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure


def _bar(items: object, progress: bool) -> tqdm[Any]:
    return tqdm(total=operator.length_hint(items) or None, disable=not progress, unit="item")


def _counted(outcome: Outcome, bar: tqdm[Any]) -> Outcome:
    bar.update()
    return outcome
