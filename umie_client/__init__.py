"""Python client of the UMIE service.

    with Client("http://localhost:8000") as client:
        result = client.extract("Eileen Collins flew for NASA", image="astronaut.jpg")
        result.draw().save("drawn.png")

See `docs/client.md`. The client needs neither torch nor ONNX Runtime.
"""

from umie_client.async_client import AsyncClient
from umie_client.batches import Outcome
from umie_client.client import Client
from umie_client.drawing import draw
from umie_client.errors import (
    BadRequest,
    Busy,
    ClientError,
    ImageUnreadable,
    InvalidArgument,
    MissingExtra,
    NotFound,
    Refused,
    ServiceFailed,
    TimedOut,
    TooLarge,
    TooLate,
    TooManyRequests,
    Unauthorised,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from umie_client.markup import page
from umie_client.problem import Problem
from umie_client.result import Result

__all__ = [
    "AsyncClient",
    "BadRequest",
    "Busy",
    "Client",
    "ClientError",
    "ImageUnreadable",
    "InvalidArgument",
    "MissingExtra",
    "NotFound",
    "Outcome",
    "Problem",
    "Refused",
    "Result",
    "ServiceFailed",
    "TimedOut",
    "TooLarge",
    "TooLate",
    "TooManyRequests",
    "Unauthorised",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "draw",
    "page",
]
