"""The errors of the client.

    ClientError
    ├── InvalidArgument         an argument cannot be sent (also a ValueError)
    │   └── ImageUnreadable       the image file is missing or cannot be decoded
    ├── MissingExtra            an optional package is not installed (also an ImportError)
    ├── Unreachable             no connection, or the connection broke
    ├── TimedOut                no response within the timeout of the call
    ├── UnexpectedAnswer        the response is not one of the UMIE service
    └── Refused                 the response is a problem document: `problem`
        ├── BadRequest            any other 4xx
        │   ├── Unauthorised        401, 403
        │   ├── NotFound            404
        │   └── TooLarge            413, 431
        ├── Busy                  the same request may succeed later: `retry_after_s`
        │   ├── TooManyRequests     429
        │   ├── Unavailable         502, 503
        │   └── TooLate             504
        └── ServiceFailed         any other 5xx

`Unreachable`, `TimedOut`, `UnexpectedAnswer` and `Refused` have the `request_id` of the request.
"""

from __future__ import annotations

from umie_client.problem import Problem


class ClientError(Exception):
    """Root of the client's errors. Messages are safe to show to users."""


class InvalidArgument(ClientError, ValueError):
    """An argument cannot be sent. No request was sent."""


class ImageUnreadable(InvalidArgument):
    """An image file is missing or cannot be decoded."""


class MissingExtra(ClientError, ImportError):
    """An optional package is not installed. The message names it."""


class _RequestError(ClientError):
    """An error after a request was sent.

    Attributes:
        request_id: id of the request, also in the service's log.
    """

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class Unreachable(_RequestError):
    """No connection, or a broken connection, after all retries."""


class TimedOut(_RequestError):
    """No response within the timeout of the call, retries and pauses included."""


class UnexpectedAnswer(_RequestError):
    """The response is not one of the UMIE service."""


class Refused(_RequestError):
    """The service rejected the request.

    Attributes:
        problem: the problem document; derived from the status if a proxy responded.
        retry_after_s: seconds from `Retry-After`, None if absent.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{problem.type}: {problem.detail}", request_id=request_id)
        self.problem = problem
        self.retry_after_s = retry_after_s


class BadRequest(Refused):
    """The request is invalid."""


class Unauthorised(BadRequest):
    """The API key is missing or unknown."""


class NotFound(BadRequest):
    """The path or name does not exist."""


class TooLarge(BadRequest):
    """Too many bytes, pixels or lines; `problem.limit` is the largest allowed number."""


class Busy(Refused):
    """The service cannot respond now; the request may succeed after `retry_after_s`."""


class TooManyRequests(Busy):
    """The queue is full, or the rate limit of the key is exceeded."""


class Unavailable(Busy):
    """The model is starting or has failed, or the service is stopping."""


class TooLate(Busy):
    """The service's deadline passed before the response was ready."""


class ServiceFailed(Refused):
    """An internal error of the service; see its log for `request_id`."""


_OF_STATUS: dict[int, type[Refused]] = {
    401: Unauthorised,
    403: Unauthorised,
    404: NotFound,
    413: TooLarge,
    429: TooManyRequests,
    431: TooLarge,
    502: Unavailable,
    503: Unavailable,
    504: TooLate,
}


def error_for(
    problem: Problem, *, request_id: str | None = None, retry_after_s: float | None = None
) -> Refused:
    """Create the error for a problem document, by its status."""
    default = BadRequest if problem.status < 500 else ServiceFailed
    kind = _OF_STATUS.get(problem.status, default)
    return kind(problem, request_id=request_id, retry_after_s=retry_after_s)
