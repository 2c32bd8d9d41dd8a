"""Check the parts and the context of a body against the limits of the settings."""

from __future__ import annotations

from collections.abc import Iterable

from schema.requests import PartGiven, TaskBody
from service.pipeline.validated_requests import DocumentPart
from service.settings import Settings
from tasks.errors import FieldError, TextTooLong


def document_parts(body: TaskBody, settings: Settings) -> tuple[DocumentPart, ...] | None:
    """The parts of a body; None where it has none.

    Raises:
        FieldError: a part is empty, a step has no text, there are too many parts or pictures, or
            the body has a text, an image, regions or mentions too.
        TextTooLong: the texts together have too many characters.
    """
    if body.parts is None:
        return None
    if body.text or body.image is not None or body.regions is not None:
        raise _fault("parts stand for text, image and regions: give the one or the others")
    if body.mentions is not None:
        raise _fault("mentions count from one text: give them with text, not with parts")
    if len(body.parts) > settings.max_parts:
        raise _fault(
            f"there must be at most {settings.max_parts} parts, not {len(body.parts)}",
            settings.max_parts,
        )
    pictures = sum(part.image is not None for part in body.parts)
    if pictures > settings.max_images:
        raise _fault(
            f"there must be at most {settings.max_images} pictures, not {pictures}",
            settings.max_images,
        )
    chars = sum(len(part.text) for part in body.parts)
    if chars > settings.max_text_chars:
        raise TextTooLong(
            f"the texts must have at most {settings.max_text_chars} characters together, "
            f"not {chars}",
            limit=settings.max_text_chars,
        )
    return tuple(_part(at, part) for at, part in enumerate(body.parts))


def checked_context(body: TaskBody, settings: Settings) -> str:
    """The context of a body.

    Raises:
        FieldError: it has too many characters, or there is no text to read it with.
    """
    limit = settings.max_context_chars
    if len(body.context) > limit:
        raise FieldError(
            f"context must have at most {limit} characters, not {len(body.context)}",
            field="context",
            limit=limit,
        )
    if body.context.strip() and not any(text.strip() for text in texts_of(body)):
        raise FieldError(
            "context needs a text: nothing is extracted from the context itself", field="context"
        )
    return body.context


def texts_of(body: TaskBody) -> Iterable[str]:
    """The texts of a body, whether it has parts or not."""
    return [part.text for part in body.parts] if body.parts is not None else [body.text]


def _part(at: int, part: PartGiven) -> DocumentPart:
    blank, step = not part.text.strip(), part.kind == "step"
    if blank and part.image is None:
        raise _fault(f"part {at} is empty: give it a text, an image or both")
    if blank and step:
        raise _fault(f"part {at} is a step without a text: give it one, or drop its kind")
    return DocumentPart(part.text, part.image, step)


def _fault(message: str, limit: int | None = None) -> FieldError:
    return FieldError(message, field="parts", limit=limit)
