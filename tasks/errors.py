"""Every error that the project raises on purpose, in one tree.

    UMIEError
    ├── InputError                 the request is invalid
    │   ├── Unauthorised             no API key, or an unknown one
    │   ├── EmptyInput               neither text nor image
    │   ├── FieldError               a field has an invalid value
    │   │   ├── UnknownTask
    │   │   ├── UnknownOntology
    │   │   └── LabelError             empty, repeated or too many labels
    │   ├── LimitError               a limit is exceeded
    │   │   ├── TextTooLong            characters or tokens
    │   │   ├── HeadersTooLarge        bytes of the request line and headers
    │   │   ├── BodyTooLarge           bytes of the whole request
    │   │   ├── BodyTooSlow            seconds until the request was complete
    │   │   ├── BatchTooLong           lines of a batch
    │   │   └── ImageTooLarge          bytes or pixels (an ImageError, too)
    │   ├── ImageError               the image cannot be used
    │   │   ├── ImageUnsupported       of an unsupported format
    │   │   ├── ImageDamaged           an image file that cannot be decoded
    │   │   └── NoVisualTower          the model has no visual tower
    │   └── DocumentError            the document's text cannot be read
    │       ├── DocumentUnsupported    of an unsupported kind, or its extra is not installed
    │       ├── DocumentTooLarge       bytes, characters, time or memory (a LimitError, too)
    │       └── DocumentUnreadable     damaged, encrypted or without text
    ├── CapacityError              the service cannot answer now
    │   ├── QueueFull                the queue's limits are reached
    │   ├── RateLimited              more requests than one key may send
    │   ├── EngineUnavailable        the engine is starting, draining, stuck or dead
    │   ├── ReaderUnavailable        the process that reads documents cannot be started
    │   └── DeadlineExceeded         the request's deadline passed
    ├── BundleError                a bundle is missing, incomplete or inconsistent
    ├── CheckpointError            a checkpoint is of another format, truncated or inconsistent
    ├── ExportError                an exported graph differs from the torch model
    ├── DataError                  a corpus file has not its original layout
    └── SettingsError              a setting of the service is invalid

`service.http.problems` maps the tree to HTTP status codes.
"""

from __future__ import annotations


class UMIEError(Exception):
    """Root of the tree. Its message is written for the caller."""


class InputError(UMIEError):
    """The request cannot be answered as it stands."""


class Unauthorised(InputError):
    """The request has no API key, or one that the service does not know."""


class EmptyInput(InputError):
    """Neither text nor image was given."""


class FieldError(InputError):
    """A field of the request has an invalid value.

    Args:
        message: the message.
        field: the name of the field; None for the body as a whole.
        limit: the largest allowed value, if there is one.
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
    """A label list is empty, too long, or has a label twice."""


class LimitError(InputError):
    """A limit is exceeded.

    Args:
        message: the message.
        limit: the largest allowed value, if known.
    """

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class TextTooLong(LimitError):
    """The text has more characters or tokens than allowed."""


class HeadersTooLarge(LimitError):
    """The request line and headers have more bytes than allowed."""


class BodyTooLarge(LimitError):
    """The request has more bytes than allowed."""


class BodyTooSlow(LimitError):
    """The request's body did not arrive in time."""


class BatchTooLong(LimitError):
    """A batch has more lines than allowed."""


class ImageError(InputError):
    """The image cannot be used."""


class ImageTooLarge(ImageError, LimitError):
    """The image has more bytes or pixels than allowed."""


class ImageUnsupported(ImageError):
    """The file is not an image of a supported format."""


class ImageDamaged(ImageError):
    """The file is an image that cannot be decoded completely."""


class NoVisualTower(ImageError):
    """An image was sent to a model without a visual tower."""


class DocumentError(InputError):
    """The text of the document cannot be read."""


class DocumentUnsupported(DocumentError):
    """The document is of an unsupported kind, or the extra that reads it is not installed."""


class DocumentTooLarge(DocumentError, LimitError):
    """The document has too many bytes or characters, or takes too much time or memory to read."""


class DocumentUnreadable(DocumentError):
    """The document is damaged, encrypted or has no text."""


class CapacityError(UMIEError):
    """The service cannot answer now; the same request may succeed later."""


class QueueFull(CapacityError):
    """The limit of waiting jobs is reached."""


class RateLimited(CapacityError):
    """An API key exceeded its rate.

    Args:
        message: the message.
        retry_after_s: seconds until the key may be used again.
    """

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineUnavailable(CapacityError):
    """The engine is starting, draining, stuck or dead."""


class ReaderUnavailable(CapacityError):
    """The process that reads documents cannot be started."""


class DeadlineExceeded(CapacityError):
    """The request's deadline passed before its answer was ready."""


class BundleError(UMIEError):
    """A bundle is missing, incomplete or does not match its manifest."""


class CheckpointError(UMIEError):
    """A checkpoint is of another format, truncated or inconsistent."""


class ExportError(UMIEError):
    """The outputs of an exported graph differ from those of the torch model."""


class DataError(UMIEError):
    """A corpus file has not its original layout."""


class SettingsError(UMIEError):
    """A setting of the service is invalid; the message names its environment variable."""
