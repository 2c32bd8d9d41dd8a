"""A form to a request: every field checked, every fault named."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

from fastapi import HTTPException, Request
from starlette.datastructures import FormData, UploadFile

from service.api.schemas import ExtractForm
from service.extraction import ExtractionRequest, Task
from service.settings import Settings
from tasks import ontology
from tasks.errors import EmptyInput, FieldError, LabelError, TextTooLong, UnknownTask
from tasks.ontology import Ontology

MEDIA_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
LABEL_FIELDS = ("entity_types", "relation_types", "event_types")


async def read_form(request: Request, settings: Settings) -> ExtractionRequest:
    """The request in a form; raises leaves of `InputError`, and HTTPException for a broken form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HTTPException(415, f"the body is to be {' or '.join(MEDIA_TYPES)}")
    try:
        async with (
            asyncio.timeout(settings.body_timeout_s),
            request.form(
                max_files=1,
                max_fields=16 + len(LABEL_FIELDS) * settings.max_labels,
                max_part_size=settings.max_body_bytes,
            ) as form,
        ):
            return await _parse(form, settings)
    except TimeoutError as error:
        raise HTTPException(
            408, f"the body did not arrive within {settings.body_timeout_s:g} s"
        ) from error


async def _parse(form: FormData, settings: Settings) -> ExtractionRequest:
    for name in form:
        if name not in ExtractForm.model_fields:
            raise FieldError(f"there is no field {name!r}", field=name)
    text = _single(form, "text") or ""
    if len(text) > settings.max_text_chars:
        raise TextTooLong(
            f"the text has {len(text)} characters, at most {settings.max_text_chars} are admitted",
            limit=settings.max_text_chars,
        )
    image = await _image(form)
    if image is None and not text.strip():
        raise EmptyInput("give a text, an image or both")
    return ExtractionRequest(
        text=text,
        image=image,
        tasks=_tasks(form),
        ontology=_ontology(form, settings),
        min_score=_min_score(form),
    )


def _values(form: FormData, name: str) -> list[str]:
    values = form.getlist(name)
    if not all(isinstance(value, str) for value in values):
        raise FieldError(f"{name} is to be a plain value, not a file", field=name)
    return [str(value) for value in values]


def _single(form: FormData, name: str) -> str | None:
    values = _values(form, name)
    if len(values) > 1:
        raise FieldError(f"{name} is given {len(values)} times", field=name)
    return values[0] if values else None


def _list(form: FormData, name: str) -> list[str] | None:
    values = _values(form, name)
    return [part.strip() for value in values for part in value.split(",")] if values else None


async def _image(form: FormData) -> bytes | None:
    values = form.getlist("image")
    if len(values) > 1:
        raise FieldError(f"image is given {len(values)} times", field="image")
    if not values:
        return None
    if not isinstance(values[0], UploadFile):
        raise FieldError("image is to be a file", field="image")
    data = await values[0].read()
    # A browser sends a file field that was left empty as a nameless empty file.
    return data if data or values[0].filename else None


def _tasks(form: FormData) -> frozenset[Task]:
    names = _list(form, "tasks")
    if names is None:
        return frozenset(Task)
    for name in names:
        if name not in list(Task):
            raise UnknownTask(f"no task {name!r}; there are {', '.join(Task)}", field="tasks")
    return frozenset(Task(name) for name in names)


def _ontology(form: FormData, settings: Settings) -> Ontology:
    named = _single(form, "ontology")
    base = ontology.load(settings.ontology if named is None else named)
    for field, part in zip(LABEL_FIELDS, ("entities", "relations", "events"), strict=True):
        labels = _list(form, field)
        if labels is None:
            continue
        _check_number(labels, field, settings.max_labels)
        own = Ontology.of_labels(**{field: labels})
        base = dataclasses.replace(base, name=own.name, **{part: getattr(own, part)})
    return base


def _check_number(labels: Sequence[str], field: str, most: int) -> None:
    if len(labels) > most:
        raise LabelError(f"{len(labels)} labels, at most {most} are admitted", field=field)


def _min_score(form: FormData) -> float:
    value = _single(form, "min_score")
    try:
        score = float(value) if value is not None else 0.0
    except ValueError:
        score = -1.0
    if not 0.0 <= score <= 1.0:
        raise FieldError(f"min_score is to be from 0 to 1, not {value!r}", field="min_score")
    return score
