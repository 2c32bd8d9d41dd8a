"""Problem documents (RFC 9457) as the client reads them."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, ValidationError

NO_WORD = "about:blank"
"""The type of a problem that has no word of its own (RFC 9457, section 4.2.1)."""

_SHOWN = 200


class Problem(BaseModel):
    """What went wrong, in the service's words.

    `field` is the request's field at fault and `limit` the largest that is admitted, where known.
    """

    model_config = ConfigDict(frozen=True)

    type: str = NO_WORD
    title: str
    status: int
    detail: str
    field: str | None = None
    limit: int | None = None


def problem_in(status: int, content: bytes) -> Problem:
    """The problem document in an answer; made from the status where there is none."""
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        said = content[:_SHOWN].decode("utf-8", errors="replace").strip()
        phrase = _phrase(status)
        return Problem(title=phrase, status=status, detail=f"{status} {phrase}. {said}".strip())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
