"""The client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar, Unpack

import httpx

from schema.extraction import Task
from umie_client import calls
from umie_client.answers import Instructed, ModelListed, OntologyDetail, OntologyListed, TaskListed
from umie_client.batches import Item, Outcome, Sleep, arguments_of, check, outcomes
from umie_client.call import Call
from umie_client.connection import DEFAULT_URL, connection_to
from umie_client.errors import TimedOut, Unreachable
from umie_client.exchange import Heard, Send, Wait
from umie_client.options import ExtractOptions, InstructOptions, TaskOptions
from umie_client.pictures import ImageSource
from umie_client.reply import REQUEST_ID, Reply
from umie_client.result import Result

T = TypeVar("T")


class Client:
    """Asks a UMIE service; threads may share one. Use it as a context manager, or close it.

    `timeout_s` is for a whole call with its tries and pauses, `retries` how often a request is sent
    again where that can help (see `umie_client.retries`). Every call raises the errors of
    `umie_client.errors`. `transport` is httpx', for proxies, sockets and tests.
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
        """Opens no connection yet; raises `InvalidArgument`."""
        self._connection = connection_to(url, api_key, timeout_s, retries)
        self._sleep: Sleep = time.sleep
        self._http = httpx.Client(transport=transport, **self._connection.options)

    def extract(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[ExtractOptions],
    ) -> Result:
        """Entities, relations and events of a text, a picture, or both."""
        return self._ask(calls.extract(text, image, options))

    def extract_entities(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Entities alone."""
        return self._ask(calls.extract(text, image, options, Task.ENTITIES))

    def extract_relations(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Relations, and the entities that they are between."""
        return self._ask(calls.extract(text, image, options, Task.RELATIONS))

    def extract_events(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[TaskOptions],
    ) -> Result:
        """Events alone."""
        return self._ask(calls.extract(text, image, options, Task.EVENTS))

    def extract_many(
        self,
        items: Iterable[Item],
        *,
        concurrency: int = 8,
        progress: bool = False,
        **options: Unpack[ExtractOptions],
    ) -> Iterator[Outcome]:
        """An outcome for each item, in order, with up to `concurrency` requests under way.

        What fails with one of the client's errors fails alone. `options` are for all items that do
        not say otherwise. Items are taken as outcomes are, so there may be any number.
        """
        check(items, concurrency)

        def ask(item: Item, sleep: Sleep) -> Result:
            return self._ask(calls.extract(*arguments_of(item, options)), sleep)

        return outcomes(ask, items, concurrency, progress)

    def instruct(
        self,
        text: str | None = None,
        image: ImageSource | None = None,
        **options: Unpack[InstructOptions],
    ) -> Instructed:
        """One prompt in so many words, with the model's raw answer."""
        return self._ask(calls.instruct(text, image, options))

    def tasks(self) -> list[TaskListed]:
        """What can be asked for."""
        return self._ask(calls.tasks())

    def ontologies(self) -> list[OntologyListed]:
        """The label inventories that can be named."""
        return self._ask(calls.ontologies())

    def ontology(self, name: str) -> OntologyDetail:
        """One of them, with what its relations hold between; raises `NotFound`."""
        return self._ask(calls.ontology(name))

    def model(self) -> ModelListed:
        """The model that answers, and its limits."""
        return self._ask(calls.model())

    def ready(self) -> bool:
        """Whether the service takes work now; False, too, where nothing answers."""
        try:
            return self._ask(calls.ready())
        except (TimedOut, Unreachable):
            return False

    def close(self) -> None:
        """Close the connections; the client is of no more use."""
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

    def _ask(self, call: Call[T], sleep: Sleep | None = None) -> T:
        pause = sleep or self._sleep
        steps = self._connection.exchange(call)
        heard: Heard = None
        while True:
            try:
                step = steps.send(heard)
            except StopIteration as end:
                reply: Reply = end.value
                break
            if isinstance(step, Wait):
                pause(step.seconds)
                heard = None
            else:
                heard = self._send(step)
        return call.read(reply)

    def _send(self, send: Send) -> Heard:
        """What comes of a try; an answer that trickles in is given up when the time is over."""
        until = self._connection.now() + send.seconds
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
                    if self._connection.now() > until:
                        return httpx.ReadTimeout("the answer trickles in")
        except httpx.RequestError as error:
            return error
        request_id = response.headers.get(REQUEST_ID, send.request_id)
        return Reply(response.status_code, bytes(content), response.headers, request_id)
