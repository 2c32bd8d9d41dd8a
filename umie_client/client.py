"""The synchronous client."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from schema.decisions import Chosen, PhrasesGrounded
from schema.extraction import Task
from schema.responses import Instructed, ModelListed, OntologyDetail, OntologyListed, TaskListed
from umie_client import calls
from umie_client.batches import Item, Outcome, Sleep, arguments_of, check, outcomes
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


class Client:
    """A synchronous client of a UMIE service.

    Threads may share it. Use it as a context manager, or close it. Every call raises the errors of
    `umie_client.errors`.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 90.0,
        retries: int = 4,
        transport: httpx.BaseTransport | None = None,
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
        self._sleep: Sleep = time.sleep
        self._http = httpx.Client(transport=transport, **self._connection.options)

    def extract(
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
        return self._call(calls.extract(text, image, options))

    def extract_entities(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract entities only."""
        return self._call(calls.extract(text, image, options, Task.ENTITIES))

    def extract_relations(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract relations, with the entities they connect."""
        return self._call(calls.extract(text, image, options, Task.RELATIONS))

    def extract_events(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Extract events only."""
        return self._call(calls.extract(text, image, options, Task.EVENTS))

    def extract_many(
        self,
        items: Iterable[Item],
        *,
        concurrency: int = 8,
        progress: bool = False,
        **options: Unpack[ExtractOptions],
    ) -> Iterator[Outcome]:
        """Extract from many items and yield an outcome for each, in order.

        Items are read lazily, so there may be any number of them. An error of one item is its
        outcome and does not affect the others.

        Args:
            items: texts, or mappings with the arguments of `extract`.
            concurrency: most requests in flight.
            progress: whether to show a progress bar.
            options: arguments for all items; an item's own override them.

        Raises:
            InvalidArgument: `items` or `concurrency` is invalid.
        """
        check(items, concurrency)

        def request(item: Item, sleep: Sleep) -> Result:
            return self._call(calls.extract(*arguments_of(item, options)), sleep)

        return outcomes(request, items, concurrency, progress)

    def instruct(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[InstructOptions],
    ) -> Instructed:
        """Send a free instruction; the response has the model's raw output."""
        return self._call(calls.instruct(text, image, options))

    def choose(
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
        return self._call(calls.choose(text, image, {"options": options, **about}))

    def ground(
        self,
        image: ImageSource,
        phrases: Labels,
        *,
        regions: Sequence[Region] | None = None,
    ) -> PhrasesGrounded:
        """Find phrases in an image: whether it shows each of them, and in which box."""
        return self._call(calls.ground(image, {"phrases": phrases, "regions": regions}))

    def tasks(self) -> list[TaskListed]:
        """List the extraction tasks."""
        return self._call(calls.tasks())

    def ontologies(self) -> list[OntologyListed]:
        """List the ontologies of the service."""
        return self._call(calls.ontologies())

    def ontology(self, name: str) -> OntologyDetail:
        """Return one ontology in full; raises `NotFound`."""
        return self._call(calls.ontology(name))

    def model(self) -> ModelListed:
        """Return the loaded model and its limits."""
        return self._call(calls.model())

    def ready(self) -> bool:
        """Whether the service accepts requests now; False if it is unreachable."""
        try:
            return self._call(calls.ready())
        except (TimedOut, Unreachable):
            return False

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, call: Call[T], sleep: Sleep | None = None) -> T:
        pause = sleep or self._sleep
        steps = self._connection.exchange(call)
        result: StepResult = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                reply: Reply = end.value
                break
            if isinstance(step, Wait):
                pause(step.seconds)
                result = None
            else:
                result = self._send(step)
        return call.read(reply)

    def _send(self, send: Send) -> StepResult:
        """Send a request; give up a response that is still incomplete at the timeout."""
        deadline = self._connection.now() + send.seconds
        call, content = send.call, bytearray()
        try:
            with self._http.stream(
                call.method,
                call.path,
                content=call.body,
                headers=send.headers,
                timeout=send.timeout,
            ) as response:
                for piece in response.iter_bytes():
                    content += piece
                    if self._connection.now() > deadline:
                        return httpx.ReadTimeout("the response is too slow")
        except httpx.RequestError as error:
            return error
        request_id = response.headers.get(REQUEST_ID, send.request_id)
        return Reply(response.status_code, bytes(content), response.headers, request_id)
