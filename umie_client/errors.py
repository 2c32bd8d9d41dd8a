"""Every error that the client raises on purpose, in one tree.

    UMIEError                     the project's root, in `tasks.errors`
    └── ClientError
        ├── InvalidArgument         cannot be sent as it stands (a ValueError, too)
        │   └── ImageUnreadable       no file there, or nothing that can be decoded
        ├── MissingExtra            an export needs a package that is not installed (an ImportError)
        ├── Unreachable             nothing answers at the address, or the connection broke
        ├── TimedOut                the call's own time was up before an answer was there
        ├── UnexpectedAnswer        what answers is not the UMIE service
        └── Refused                 the service answered with a problem document: `problem`
            ├── BadRequest            any 4xx without a class of its own
            │   ├── Unauthorised        401, 403
            │   ├── NotFound            404
            │   └── TooLarge            413, 431
            ├── Busy                  the same request may succeed later: `retry_after_s`
            │   ├── TooManyRequests     429
            │   ├── Unavailable         502, 503
            │   └── TooLate             504
            └── ServiceFailed         any other 5xx

Those from `Unreachable` on carry the `request_id` under which the request was sent.
"""

from __future__ import annotations

from tasks.errors import UMIEError
from umie_client.problem import Problem


class ClientError(UMIEError):
    """Root of the client's errors; its message is fit to be shown."""


class InvalidArgument(ClientError, ValueError):
    """An argument that cannot be sent; nothing was."""


class ImageUnreadable(InvalidArgument):
    """A picture that is not there, or cannot be decoded."""


class MissingExtra(ClientError, ImportError):
    """A package that only some users need is not installed; the message names the extra."""


class _Asked(ClientError):
    """A request was sent under `request_id`, which the service's log has, too."""

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class Unreachable(_Asked):
    """No connection, or one that broke, however often it was tried."""


class TimedOut(_Asked):
    """The time for the call was up, tries and pauses included."""


class UnexpectedAnswer(_Asked):
    """An answer that the service does not give."""


class Refused(_Asked):
    """The service's own no: `problem` says why.

    Where something between client and service answered, `problem` is made from the status.
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
    """The request cannot be answered as it stands."""


class Unauthorised(BadRequest):
    """No key of the service was sent."""


class NotFound(BadRequest):
    """There is nothing of that name."""


class TooLarge(BadRequest):
    """More bytes, pixels or lines than are admitted; `problem.limit` tells how many are."""


class Busy(Refused):
    """The service's state, not the request's fault; `retry_after_s` is its advice, if any."""


class TooManyRequests(Busy):
    """More work waits than is admitted, or the key was used too often."""


class Unavailable(Busy):
    """The model starts, is stuck or dead, or the service stops."""


class TooLate(Busy):
    """The service's own deadline passed before the answer was ready."""


class ServiceFailed(Refused):
    """A fault of the service; its log has more under `request_id`."""


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


def refusal_of(
    problem: Problem, *, request_id: str | None = None, retry_after_s: float | None = None
) -> Refused:
    """The error for a problem document."""
    usual = BadRequest if problem.status < 500 else ServiceFailed
    kind = _OF_STATUS.get(problem.status, usual)
    return kind(problem, request_id=request_id, retry_after_s=retry_after_s)
