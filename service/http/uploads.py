"""The file field `document` of a form: a file whose text is the text of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from schema.errors import InvalidField
from schema.requests import ExtractBody, TaskBody
from service.documents.reader import DocumentReader
from tasks.errors import FieldError

FIELD = "document"


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it was sent."""

    name: str
    data: bytes


def _uploaded(value: Any) -> Any:
    if not isinstance(value, Upload):
        raise InvalidField("document must be sent as a file of a multipart form", field=FIELD)
    return value


Document = Annotated[Upload, BeforeValidator(_uploaded)]


class TaskUpload(TaskBody):
    """A request for one task, possibly with a document."""

    document: Document | None = None


class ExtractUpload(TaskUpload, ExtractBody):
    """A request for any set of tasks, possibly with a document."""


B = TypeVar("B", bound=TaskUpload)


async def with_document_text(body: B, reader: DocumentReader) -> B:
    """Replace the document of a body, if it has one, by its text.

    Args:
        body: the parsed body.
        reader: reads documents.

    Raises:
        FieldError: the body has a text or parts besides the document.
        DocumentError: a leaf of it, where the document cannot be read.
        ReaderUnavailable: no process can be started to read it.
    """
    if body.document is None:
        return body
    if body.text.strip():
        raise FieldError("give a document or a text, not both", field=FIELD)
    if body.parts is not None:
        raise FieldError("give a document or parts, not both", field=FIELD)
    text = await reader.text_of(body.document.name, body.document.data)
    return body.model_copy(update={"text": text, FIELD: None})
