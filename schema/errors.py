"""Errors of the wire format."""

from __future__ import annotations


class InvalidField(Exception):
    """A field of a request has an invalid value.

    It is not a ValueError, so pydantic does not wrap it and it leaves `model_validate` as it is.
    """

    def __init__(self, message: str, *, field: str) -> None:
        """Create the error.

        Args:
            message: what is wrong and what is allowed.
            field: name of the top-level field of the request.
        """
        super().__init__(message)
        self.field = field

    @classmethod
    def at(cls, path: str, what: str) -> InvalidField:
        """Return an error about the item at `path`, such as `mentions[3].end`."""
        return cls(f"{path} {what}", field=path.partition("[")[0])
