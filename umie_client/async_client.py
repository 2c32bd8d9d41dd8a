"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from schema.extraction import Task
from umie_client import calls
from umie_client.answers import Instructed, ModelListed, OntologyDetail, OntologyListed, TaskListed
from umie_client.batches import Item, Outcome, arguments_of, check, outcomes_async
from umie_client.call import Call
from umie_client.connection import DEFAULT_URL, connection_to
from umie_client.errors import TimedOut, Unreachable
from umie_client.exchange import Heard, Send, Wait
from umie_client.options import ExtractOptions, InstructOptions, TaskOptions
from umie_client.pictures import ImageSource
from umie_client.reply import REQUEST_ID, Reply
from umie_client.result import Result

T = TypeVar("T")


class AsyncClient:
    """As `umie_client.Client`, with calls to await; pictures are read and encoded in threads."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 90.0,
        retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Opens no connection yet; raises `InvalidArgument`."""
        self._connection = connection_to(url, api_key, timeout_s, retries)
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._http = httpx.AsyncClient(transport=transport, **self._connection.options)

    async def extract(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[ExtractOptions],
    ) -> Result:
        """Entities, relations and events of a text, a picture, or both."""
        return await self._made(calls.extract, text, image, options)

    async def extract_entities(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Entities alone."""
        return await self._made(calls.extract, text, image, options, Task.ENTITIES)

    async def extract_relations(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Relations, and the entities that they are between."""
        return await self._made(calls.extract, text, image, options, Task.RELATIONS)

    async def extract_events(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Events alone."""
        return await self._made(calls.extract, text, image, options, Task.EVENTS)

    def extract_many(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 8,
        progress: bool = False,
        **options: Unpack[ExtractOptions],
    ) -> AsyncIterator[Outcome]:
        """As `Client.extract_many`; items may come asynchronously, too."""
        check(items, concurrency)

        async def ask(item: Item) -> Result:
            return await self._made(calls.extract, *arguments_of(item, options))

        return outcomes_async(ask, items, concurrency, progress)

    async def instruct(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[InstructOptions],
    ) -> Instructed:
        """One prompt in so many words, with the model's raw answer."""
        return await self._made(calls.instruct, text, image, options)

    async def tasks(self) -> list[TaskListed]:
        """What can be asked for."""
        return await self._ask(calls.tasks())

    async def ontologies(self) -> list[OntologyListed]:
        """The label inventories that can be named."""
        return await self._ask(calls.ontologies())

    async def ontology(self, name: str) -> OntologyDetail:
        """One of them, with what its relations hold between; raises `NotFound`."""
        return await self._ask(calls.ontology(name))

    async def model(self) -> ModelListed:
        """The model that answers, and its limits."""
        return await self._ask(calls.model())

    async def ready(self) -> bool:
        """Whether the service takes work now; False, too, where nothing answers."""
        try:
            return await self._ask(calls.ready())
        except (TimedOut, Unreachable):
            return False

    async def aclose(self) -> None:
        """Close the connections; the client is of no more use."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _made(self, make: Callable[..., Call[T]], *arguments: Any) -> T:
        return await self._ask(await asyncio.to_thread(make, *arguments))

    async def _ask(self, call: Call[T]) -> T:
        steps = self._connection.exchange(call)
        heard: Heard = None
        while True:
            try:
                step = steps.send(heard)
            except StopIteration as end:
                reply: Reply = end.value
                break
            if isinstance(step, Wait):
                await self._sleep(step.seconds)
                heard = None
            else:
                heard = await self._send(step)
        return call.read(reply)

    async def _send(self, send: Send) -> Heard:
        """What comes of a try."""
        call = send.call
        try:
            async with asyncio.timeout(send.seconds):
                response = await self._http.request(
                    call.method,
                    call.path,
                    content=call.body,
                    headers=send.headers,
                    timeout=send.timeout,
                )
        except httpx.RequestError as error:
            return error
        except TimeoutError:
            return httpx.ReadTimeout("the answer is late")
        request_id = response.headers.get(REQUEST_ID, send.request_id)
        return Reply(response.status_code, response.content, response.headers, request_id)
