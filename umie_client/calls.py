"""Converts the arguments of the client's methods to calls."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from schema.decisions import Chosen, PhrasesGrounded
from schema.extraction import EntityFound, RegionFound, Task
from schema.responses import Instructed, ModelListed, OntologyDetail, OntologyListed, TaskListed
from umie_client.errors import InvalidArgument
from umie_client.exchange import Call
from umie_client.options import ExtractItem, Mention, Region, Span
from umie_client.parts import SentPart, sent_parts
from umie_client.pictures import ImageSource, Kept, data_of, kept
from umie_client.reply import Reply, content_of
from umie_client.result import Result

T = TypeVar("T")

_LISTS = frozenset(
    {
        "tasks",
        "entity_types",
        "relation_types",
        "event_types",
        "spots",
        "asocs",
        "options",
        "phrases",
    }
)
_SPANS = frozenset({"span", "head", "tail"})
_EXTRACT = ExtractItem.__optional_keys__ - {"text", "image"}
_RESULT = TypeAdapter(Result)


def extract(
    text: str | None,
    image: ImageSource | None,
    options: Mapping[str, Any],
    task: Task | None = None,
) -> Call[Result]:
    """Create a call of `/extract`, or of the path of one task.

    An image path is read here, and again when the result is drawn.

    Args:
        text: the text, or None.
        image: the image, or None.
        options: other fields of the request.
        task: the only task; None for `/extract`.

    Raises:
        InvalidArgument: an argument is unknown or cannot be sent.
    """
    known = _EXTRACT if task is None else _EXTRACT - {"tasks"}
    if "offsets" in options:
        raise InvalidArgument(
            "offsets of the client count code points, so that text[start:end] is the span; leave "
            "the argument out, and convert offsets where another language reads them"
        )
    if unknown := sorted(options.keys() - known):
        raise InvalidArgument(f"there is no argument {unknown[0]!r}")
    picture = None if image is None else kept(image)
    path = "/extract" if task is None else f"/extract/{task}"
    sent = sent_parts(options.get("parts") or ())
    if sent:
        options = {**options, "parts": [part.body() for part in sent]}
    read = partial(_result, text or "", picture, sent)
    return Call(path, read, _body(text, picture, options))


def instruct(
    text: str | None, image: ImageSource | None, options: Mapping[str, Any]
) -> Call[Instructed]:
    """Create a call of `/instruct`; raises `InvalidArgument`."""
    picture = None if image is None else kept(image)
    return Call("/instruct", _reader(Instructed), _body(text, picture, options))


def choose(text: str | None, image: ImageSource | None, options: Mapping[str, Any]) -> Call[Chosen]:
    """Create a call of `/choose`; raises `InvalidArgument`."""
    picture = None if image is None else kept(image)
    return Call("/choose", _reader(Chosen), _body(text, picture, options))


def ground(image: ImageSource, options: Mapping[str, Any]) -> Call[PhrasesGrounded]:
    """Create a call of `/ground`; raises `InvalidArgument`."""
    return Call("/ground", _reader(PhrasesGrounded), _body(None, kept(image), options))


def tasks() -> Call[list[TaskListed]]:
    """Create a call of `/tasks`."""
    return Call("/tasks", _reader(list[TaskListed]))


def ontologies() -> Call[list[OntologyListed]]:
    """Create a call of `/ontologies`."""
    return Call("/ontologies", _reader(list[OntologyListed]))


def ontology(name: str) -> Call[OntologyDetail]:
    """Create a call of `/ontologies/{name}`."""
    return Call(f"/ontologies/{quote(name, safe='')}", _reader(OntologyDetail))


def model() -> Call[ModelListed]:
    """Create a call of `/model`."""
    return Call("/model", _reader(ModelListed))


def ready() -> Call[bool]:
    """Create a call of `/readyz`; every status is a valid response."""
    return Call("/readyz", lambda reply: reply.status == 200, probe=True)


def _reader(kind: type[T]) -> Any:
    adapter = TypeAdapter(kind)
    return lambda reply: content_of(reply, adapter)


def _result(text: str, picture: Kept | None, parts: Sequence[SentPart], reply: Reply) -> Result:
    return content_of(reply, _RESULT, text=text, picture=picture, parts=tuple(parts))


def _body(text: str | None, picture: Kept | None, options: Mapping[str, Any]) -> bytes:
    if text is not None and not isinstance(text, str):
        raise InvalidArgument(f"text must be a str, not {type(text).__name__}")
    fields: dict[str, Any] = {} if text is None else {"text": text}
    if picture is not None:
        fields["image"] = base64.b64encode(data_of(picture)).decode("ascii")
    try:
        fields |= {name: _value(name, v) for name, v in options.items() if v is not None}
        return json.dumps(fields, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"an argument cannot be sent as JSON: {error}") from error


def _value(name: str, value: Any) -> Any:
    if name in _LISTS:
        return [value] if isinstance(value, str) else list(value)
    if name in _SPANS:
        return _span(value)
    if name == "mentions":
        return [_mention(mention) for mention in value]
    return [_region(region) for region in value] if name == "regions" else value


def _span(span: Span) -> list[int | None]:
    if isinstance(span, EntityFound):
        return [span.start, span.end]
    return [span["start"], span["end"]] if isinstance(span, Mapping) else list(span)


def _mention(mention: Mention) -> Mapping[str, Any]:
    if isinstance(mention, EntityFound):
        return {"start": mention.start, "end": mention.end, "type": mention.type}
    return mention


def _region(region: Region) -> Mapping[str, Any] | Sequence[float]:
    if isinstance(region, RegionFound):
        return {"box": list(region.box), "label": region.label}
    return region if isinstance(region, Mapping) else [float(side) for side in region]
