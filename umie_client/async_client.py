"""The asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from schema.decisions import Chosen, PhrasesGrounded
from schema.extraction import Task
from schema.responses import Instructed, ModelListed, OntologyDetail, OntologyListed, TaskListed
from umie_client import calls
from umie_client.batches import Item, Outcome, arguments_of, check, outcomes_async
from umie_client.connection import DEFAULT_URL, connection_to
from umie_client.errors import TimedOut, Unreachable
from umie_client.exchange import Call, Send, StepResult, Wait
from umie_client.options import (
    ChooseOptions,
    ExtractOptions,
    InstructOptions,
    Labels,
    Region,
    TaskOptions,
)
from umie_client.pictures import ImageSource
from umie_client.reply import REQUEST_ID, Reply
from umie_client.result import Result

T = TypeVar("T")


class AsyncClient:
    """The asyncio version of `umie_client.Client`. Images are read and encoded on threads."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 90.0,
        retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Create the client; connections are opened on demand.

        Args:
            url: base URL of the service.
            api_key: the API key, if the service requires one.
            timeout_s: most seconds for a call, retries and pauses included.
            retries: most retries of a request (see `umie_client.retries`).
            transport: transport of httpx, for proxies, sockets and tests.

        Raises:
            InvalidArgument: an argument is invalid.
        """
        self._connection = connection_to(url, api_key, timeout_s, retries)
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        self._http = httpx.AsyncClient(transport=transport, **self._connection.options)

    async def extract(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[ExtractOptions],
    ) -> Result:
        """Extract entities, relations and events.

        Args:
            text: the text; may be omitted with an image.
            image: the image; may be omitted with a text.
            options: other fields of the request.
        """
        return await self._prepare_and_call(calls.extract, text, image, options)

    async def extract_entities(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract entities only."""
        return await self._prepare_and_call(calls.extract, text, image, options, Task.ENTITIES)

    async def extract_relations(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract relations, with the entities they connect."""
        return await self._prepare_and_call(calls.extract, text, image, options, Task.RELATIONS)

    async def extract_events(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract events only."""
        return await self._prepare_and_call(calls.extract, text, image, options, Task.EVENTS)

    def extract_many(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        concurrency: int = 8,
        progress: bool = False,
        **options: Unpack[ExtractOptions],
    ) -> AsyncIterator[Outcome]:
        """Like `Client.extract_many`; `items` may be an asynchronous iterable too."""
        check(items, concurrency)

        async def request(item: Item) -> Result:
            return await self._prepare_and_call(calls.extract, *arguments_of(item, options))

        return outcomes_async(request, items, concurrency, progress)

    async def instruct(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[InstructOptions],
    ) -> Instructed:
        """Send a free instruction; the response has the model's raw output."""
        return await self._prepare_and_call(calls.instruct, text, image, options)

    async def choose(
        self,
        text: str,
        options: Labels,
        image: ImageSource | None = None,
        **about: Unpack[ChooseOptions],
    ) -> Chosen:
        """Choose among options for a span, or for the pair of a head and a tail.

        Args:
            text: the text.
            options: types of the span, or relations of the pair; "none" is always an option.
            image: the image, if there is one.
            about: `span`, or `head` and `tail`; `regions` of the image.
        """
        return await self._prepare_and_call(
            calls.choose, text, image, {"options": options, **about}
        )

    async def ground(
        self,
        image: ImageSource,
        phrases: Labels,
        *,
        regions: Sequence[Region] | None = None,
    ) -> PhrasesGrounded:
        """Find phrases in an image: whether it shows each of them, and in which box."""
        return await self._prepare_and_call(
            calls.ground, image, {"phrases": phrases, "regions": regions}
        )

    async def tasks(self) -> list[TaskListed]:
        """List the extraction tasks."""
        return await self._call(calls.tasks())

    async def ontologies(self) -> list[OntologyListed]:
        """List the ontologies of the service."""
        return await self._call(calls.ontologies())

    async def ontology(self, name: str) -> OntologyDetail:
        """Return one ontology in full; raises `NotFound`."""
        return await self._call(calls.ontology(name))

    async def model(self) -> ModelListed:
        """Return the loaded model and its limits."""
        return await self._call(calls.model())

    async def ready(self) -> bool:
        """Whether the service accepts requests now; False if it is unreachable."""
        try:
            return await self._call(calls.ready())
        except (TimedOut, Unreachable):
            return False

    async def aclose(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
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

    async def _prepare_and_call(self, make: Callable[..., Call[T]], *arguments: Any) -> T:
        return await self._call(await asyncio.to_thread(make, *arguments))

    async def _call(self, call: Call[T]) -> T:
        steps = self._connection.exchange(call)
        result: StepResult = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                reply: Reply = end.value
                break
            if isinstance(step, Wait):
                await self._sleep(step.seconds)
                result = None
            else:
                result = await self._send(step)
        return call.read(reply)

    async def _send(self, send: Send) -> StepResult:
        """Send a request."""
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
            return httpx.ReadTimeout("the response is too slow")
        request_id = response.headers.get(REQUEST_ID, send.request_id)
        return Reply(response.status_code, response.content, response.headers, request_id)
