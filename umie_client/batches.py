"""Many extractions, some at a time, answered in order."""

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
"""A text, or the arguments of `extract` as a mapping."""

Sleep: TypeAlias = Callable[[float], None]
Arguments: TypeAlias = tuple[str | None, ImageSource | None, dict[str, Any]]
"""Text, picture and options."""

AHEAD = 2
"""Items taken for each request that may be under way, so that a slow one does not idle the rest."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: a result or an error, never both."""

    item: Item
    result: Result | None
    error: ClientError | None

    def get(self) -> Result:
        """The result; raises the error where there is none."""
        if self.result is None:
            assert self.error is not None
            raise self.error
        return self.result


def arguments_of(item: object, options: Mapping[str, Any]) -> Arguments:
    """What to ask for an item; its own options go before those of all.

    Raises `InvalidArgument`.
    """
    if isinstance(item, str):
        return item, None, dict(options)
    if not isinstance(item, Mapping):
        raise InvalidArgument(f"an item is to be a str or a mapping, not {type(item).__name__}")
    merged = {**options, **item}
    return merged.pop("text", None), merged.pop("image", None), merged


def check(items: object, concurrency: int) -> None:
    """Raise `InvalidArgument` where many items cannot be asked for like this."""
    if isinstance(items, (str, bytes, Mapping)):
        raise InvalidArgument("items is to be an iterable of texts or mappings, not one of them")
    if not (isinstance(concurrency, int) and concurrency >= 1):
        raise InvalidArgument(f"concurrency is to be 1 or more, not {concurrency!r}")


def outcomes(
    ask: Callable[[Item, Sleep], Result],
    items: Iterable[Item],
    concurrency: int,
    progress: bool,
) -> Iterator[Outcome]:
    """An outcome for each item, in order; `ask` runs in up to `concurrency` threads.

    At most `AHEAD * concurrency` items are taken before their outcomes are. Whoever stops early
    waits for the requests under way, not for pauses between tries. Where taking an item fails,
    the items before it are still answered, and then the failure is raised.
    """
    stopped = threading.Event()

    def pause(seconds: float) -> None:
        if stopped.wait(seconds):
            raise _Stopped

    def work(item: Item) -> Outcome:
        try:
            return Outcome(item, ask(item, pause), None)
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
    ask: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item] | AsyncIterable[Item],
    concurrency: int,
    progress: bool,
) -> AsyncIterator[Outcome]:
    """As `outcomes`, in tasks; whoever stops early cancels the requests under way."""
    places = asyncio.Semaphore(concurrency)

    async def work(item: Item) -> Outcome:
        async with places:
            try:
                return Outcome(item, await ask(item), None)
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
    """Nobody waits for the outcome any more."""


class _Source(Generic[T]):
    """Items until there are no more, or taking one fails; `check` raises that failure later."""

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
