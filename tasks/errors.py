"""Every error that the project raises on purpose, in one tree.

    UMIEError
    ├── InputError                 the caller's fault
    │   ├── Unauthorised             no key of the service, or an unknown one
    │   ├── EmptyInput               neither text nor image
    │   ├── FieldError               a field has a value that makes no sense
    │   │   ├── UnknownTask
    │   │   ├── UnknownOntology
    │   │   └── LabelError             empty, repeated or too many labels
    │   ├── LimitError               larger than the limits admit
    │   │   ├── TextTooLong            characters or tokens
    │   │   ├── HeadersTooLarge        bytes of the request line and headers
    │   │   ├── BodyTooLarge           bytes of the whole request
    │   │   ├── BodyTooSlow            seconds until the whole request was there
    │   │   ├── BatchTooLong           lines of a batch
    │   │   └── ImageTooLarge          bytes or pixels (an ImageError, too)
    │   └── ImageError               the picture cannot be used
    │       ├── ImageUnsupported       in no format that is decoded
    │       ├── ImageDamaged           starts like a picture, cannot be read to its end
    │       └── NoVisualTower          the model has nothing to see with
    ├── CapacityError              the service's state, not the request's fault
    │   ├── QueueFull                more waits than the limits admit
    │   ├── RateLimited              more requests than one key may send
    │   ├── EngineUnavailable        the engine is starting, draining, stuck or dead
    │   └── DeadlineExceeded         the answer would come too late
    ├── BundleError                a bundle is missing, incomplete or not what its manifest says
    ├── CheckpointError            a checkpoint is foreign, truncated or inconsistent
    ├── ExportError                an exported graph does not compute what torch computes
    ├── DataError                  a corpus file is not in its original layout
    └── SettingsError              a setting of the service makes no sense

`service.http.problems` alone maps the tree to HTTP.
"""

from __future__ import annotations


class UMIEError(Exception):
    """Root of the tree; its message is fit to be shown to whoever made the call."""


class InputError(UMIEError):
    """The request cannot be answered as it stands."""


class Unauthorised(InputError):
    """The request carries no key of the service, or one that the service does not know."""


class EmptyInput(InputError):
    """Neither text nor image was given."""


class FieldError(InputError):
    """A field of the request has a value that makes no sense.

    `field` names it, None where the body as a whole is at fault; `limit` is the largest value that
    is admitted, if there is one.
    """

    def __init__(self, message: str, *, field: str | None, limit: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.limit = limit


class UnknownTask(FieldError):
    """A task that the service does not know."""


class UnknownOntology(FieldError):
    """An ontology that the service does not know."""


class LabelError(FieldError):
    """A label list is empty, repeats itself or is too long."""


class LimitError(InputError):
    """Something is larger than the limits admit; `limit` is the largest that is, if known."""

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class TextTooLong(LimitError):
    """The text has more characters or tokens than the limits admit."""


class HeadersTooLarge(LimitError):
    """The request line and headers have more bytes than the limits admit."""


class BodyTooLarge(LimitError):
    """The request has more bytes than the limits admit."""


class BodyTooSlow(LimitError):
    """The request's body did not arrive in time."""


class BatchTooLong(LimitError):
    """A batch has more lines than the limits admit."""


class ImageError(InputError):
    """The picture cannot be used."""


class ImageTooLarge(ImageError, LimitError):
    """The picture has more bytes or pixels than the limits admit."""


class ImageUnsupported(ImageError):
    """The file is not a picture of a supported format."""


class ImageDamaged(ImageError):
    """The file starts like a picture but cannot be read to its end."""


class NoVisualTower(ImageError):
    """A picture was sent to a model without a visual tower."""


class CapacityError(UMIEError):
    """The service cannot answer now; the same request may succeed later."""


class QueueFull(CapacityError):
    """More work is waiting than the limits admit."""


class RateLimited(CapacityError):
    """A key was used more often than it may be; `retry_after_s` says when it may be again."""

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineUnavailable(CapacityError):
    """The engine is starting, draining, stuck or dead."""


class DeadlineExceeded(CapacityError):
    """The request's deadline passed before its answer was ready."""


class BundleError(UMIEError):
    """A bundle is missing, incomplete or not what its manifest says."""


class CheckpointError(UMIEError):
    """A checkpoint is foreign, truncated or inconsistent."""


class ExportError(UMIEError):
    """An exported graph does not compute what torch computes."""


class DataError(UMIEError):
    """A corpus file is not in its original layout."""


class SettingsError(UMIEError):
    """A setting of the service makes no sense; the message names its environment variable."""
