"""An answer: an extraction or a failure; and the protocol of backends."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from schema.extraction import Extraction


class Failure(BaseModel):
    """Why one document has no answer."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="The API's problem type, or unreadable-input.")
    detail: str = Field(description="What went wrong, in plain text.")
    field: str | None = Field(None, description="The field at fault.")
    limit: int | None = Field(None, description="The largest that is admitted.")


Answer: TypeAlias = Extraction | Failure


class DocumentAnswer(BaseModel):
    """A document's id and text with its extraction or error."""

    model_config = ConfigDict(frozen=True)

    id: str
    text: str | None = Field(None, description="The text that offsets refer to.")
    extraction: Extraction | None = None
    error: Failure | None = None

    @classmethod
    def of(cls, name: str, answer: Answer, text: str | None = None) -> Self:
        """The answer to the document with the id `name`; `text` is None if it has none."""
        if isinstance(answer, Failure):
            return cls(id=name, text=text, error=answer)
        return cls(id=name, text=text, extraction=answer)


class Backend(Protocol):
    """Answers requests between `__aenter__` and `__aexit__`."""

    @property
    def model(self) -> str:
        """The model's name and version; known from the start."""
        ...

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """The answer to a request's fields, `image` being a file's bytes.

        An invalid request is a `Failure`. Raises leaves of `UMIEError` for errors that would affect
        every request.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
