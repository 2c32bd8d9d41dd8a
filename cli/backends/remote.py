"""The backend for a running service, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from cli.backends.answer import Answer, Failure
from cli.backends.failures import UNREADABLE, failure_of
from schema.extraction import Extraction
from schema.requests import ExtractBody
from tasks.errors import DataError, EngineUnavailable, FieldError
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
"""Enough for clients that share a rate limit, and for a restart of the service."""


class RemoteBackend:
    """Sends requests to a service; `__aexit__` closes the connections."""

    def __init__(self, client: AsyncClient, model: str) -> None:
        self._client, self._model = client, model

    @classmethod
    def reach(cls, url: str, key: str | None) -> Self:
        """Connect to the service at `url`, with the API key if it requires one.

        Raises:
            EngineUnavailable: no service responds, or it rejects the key.
            DataError: the address or the key is invalid.
        """
        try:
            with Client(url, api_key=key, retries=0) as client:
                model = client.model().model
        except InvalidArgument as error:
            raise DataError(str(error)) from error
        except ClientError as error:
            raise EngineUnavailable(f"{url}: {error}") from error
        return cls(AsyncClient(url, api_key=key, timeout_s=_TIMEOUT_S, retries=_TRIES), model)

    @property
    def model(self) -> str:
        """The model's name and version, as the service reports them."""
        return self._model

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """Send a request; it is retried while the service is busy.

        Raises:
            EngineUnavailable: the service is unreachable, stays busy or rejects the key.
        """
        unknown = next((name for name in fields if name not in ExtractBody.model_fields), None)
        if unknown is not None:
            return failure_of(FieldError(f"there is no field {unknown!r}", field=unknown))
        try:
            result = await self._client.extract(**fields)
        except InvalidArgument as error:
            return Failure(type=UNREADABLE, detail=str(error))
        except (NotFound, Unauthorised) as error:
            raise EngineUnavailable(str(error)) from error
        except (BadRequest, ServiceFailed, TooLate) as error:
            problem = error.problem
            return Failure(
                type=problem.type,
                detail=problem.detail,
                field=problem.field,
                limit=problem.limit,
            )
        except ClientError as error:
            raise EngineUnavailable(str(error)) from error
        return Extraction.model_validate(dict(result))

    async def __aenter__(self) -> Self:
        """Connections are opened on demand."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._client.aclose()
