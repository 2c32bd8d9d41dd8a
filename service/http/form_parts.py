"""The parts of a request in a form: repeated fields `text` and `image`, in order."""

from __future__ import annotations

from typing import Any

from service.http.form_decoding import Fields, File
from tasks.errors import FieldError

PART_FIELDS = frozenset({"text", "image"})


def form_parts(form: Fields) -> list[dict[str, Any]]:
    """The parts of a form; none where it has at most one text and one image.

    Raises:
        FieldError: a text is a file, or an image is not.
    """
    sent = [
        (name, value)
        for name, value in form.sent
        if name in PART_FIELDS and not (name == "image" and is_blank(value))
    ]
    if len(sent) == len({name for name, _ in sent}):
        return []
    return [
        {"text": strings(name, [value])[0]} if name == "text" else {"image": image_data(value)}
        for name, value in sent
    ]


def is_blank(value: str | File) -> bool:
    """Whether a field has no content."""
    if isinstance(value, str):
        return not value.strip()
    # A browser sends an empty file field as an empty file without a name.
    return not value.data and not value.name


def strings(name: str, values: list[str | File]) -> list[str]:
    """The values of a field that must not be a file; raises `FieldError`."""
    found = [value for value in values if isinstance(value, str)]
    if len(found) != len(values):
        raise FieldError(f"{name} must be a plain value, not a file", field=name)
    return found


def image_data(value: str | File) -> bytes:
    """The content of a field that must be a file; raises `FieldError`."""
    if isinstance(value, str):
        raise FieldError("image must be sent as a file", field="image")
    return value.data
