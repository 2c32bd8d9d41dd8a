"""Problem documents (RFC 9457), also from proxies."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import ValidationError

from schema import responses

NO_TYPE = "about:blank"
"""The type of a problem without an identifier (RFC 9457, section 4.2.1)."""

_SHOWN = 200


class Problem(responses.Problem):
    """A problem document; documents of proxies may have no type."""

    type: str = NO_TYPE


def problem_in(status: int, content: bytes) -> Problem:
    """Parse a problem document; without one, derive it from the status.

    Args:
        status: HTTP status of the response.
        content: body of the response.
    """
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        text = content[:_SHOWN].decode("utf-8", errors="replace").strip()
        phrase = _phrase(status)
        return Problem(title=phrase, status=status, detail=f"{status} {phrase}. {text}".strip())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
