"""An answer: what was found, or why nothing could be looked for."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from service.extraction import Extraction


class Failure(BaseModel):
    """Why one document has no answer; others may have theirs."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="A stable word: the API's, or unreadable-input.")
    detail: str = Field(description="This failure, in words.")
    field: str | None = Field(None, description="The field at fault.")
    limit: int | None = Field(None, description="The largest that is admitted.")


Answer: TypeAlias = Extraction | Failure


class Answered(BaseModel):
    """A document's answer under the document's name: an extraction or an error."""

    model_config = ConfigDict(frozen=True)

    id: str
    extraction: Extraction | None = None
    error: Failure | None = None

    @classmethod
    def of(cls, name: str, answer: Answer) -> Self:
        """The answer to the document that is called `name`."""
        if isinstance(answer, Failure):
            return cls(id=name, error=answer)
        return cls(id=name, extraction=answer)


class Answerer(Protocol):
    """Somebody who answers, between `__aenter__` and `__aexit__`."""

    @property
    def model(self) -> str:
        """The model's name and version; known from the start."""
        ...

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """The answer to a request's fields, `image` being a file's bytes.

        What is wrong with the request alone is a failure. Raises leaves of `UMIEError` where others
        would fare no better.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
