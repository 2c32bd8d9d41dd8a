"""A service that runs, asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from cli.answering.answer import Answer, Failure
from cli.answering.fault import UNREADABLE, failure_of
from service.api.bodies import ExtractBody
from service.extraction import Extraction
from tasks.errors import EngineUnavailable, FieldError
from umie_client.async_client import AsyncClient
from umie_client.client import Client
from umie_client.errors import (
    BadRequest,
    ClientError,
    InvalidArgument,
    NotFound,
    ServiceFailed,
    TooLate,
    Unauthorised,
)

_TRIES = 12
_TIMEOUT_S = 300.0
"""Enough for several who share what a key may be used, and for a service that starts anew."""


class RemoteAnswerer:
    """A client of the service at an address; connections live until `__aexit__`."""

    def __init__(self, client: AsyncClient, model: str) -> None:
        self._client, self._model = client, model

    @classmethod
    def reach(cls, url: str, key: str | None) -> Self:
        """The service at `url`, which may want a key.

        Raises `EngineUnavailable` where no service answers, or it lets nobody in, and
        `InvalidArgument` where there can be none.
        """
        with Client(url, api_key=key, retries=0) as client:
            try:
                model = client.model().model
            except ClientError as error:
                raise EngineUnavailable(f"{url}: {error}") from error
        return cls(AsyncClient(url, api_key=key, timeout_s=_TIMEOUT_S, retries=_TRIES), model)

    @property
    def model(self) -> str:
        """The model's name and version, as the service told them."""
        return self._model

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """The answer; a service that is busy is asked again.

        Raises leaves of `ClientError` where the service is gone, stays busy or lets nobody in.
        """
        unknown = next((name for name in fields if name not in ExtractBody.model_fields), None)
        if unknown is not None:
            return failure_of(FieldError(f"there is no field {unknown!r}", field=unknown))
        try:
            result = await self._client.extract(**fields)
        except InvalidArgument as error:
            return Failure(type=UNREADABLE, detail=str(error))
        except (NotFound, Unauthorised):
            raise
        except (BadRequest, ServiceFailed, TooLate) as error:
            told = error.problem
            return Failure(type=told.type, detail=told.detail, field=told.field, limit=told.limit)
        return Extraction.model_validate(dict(result))

    async def __aenter__(self) -> Self:
        """The client itself opens its connections as it needs them."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._client.aclose()
