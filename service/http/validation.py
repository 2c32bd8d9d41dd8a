"""Turn a parsed body into the pipeline's request, within the limits of the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

from fastapi import HTTPException
from pydantic import ValidationError

from schema.extraction import AnswerWarning, Task
from schema.requests import ChooseBody, ExtractBody, InstructBody, OntologyGiven, TaskBody
from service.http.bounded_json import LABEL_FIELDS
from service.http.given_mentions import all_typed, check_mentions
from service.http.part_validation import checked_context, document_parts, texts_of
from service.pipeline.validated_requests import FORMS, ExtractionRequest, InstructionRequest
from service.settings import Settings
from tasks import ontology
from tasks.errors import EmptyInput, FieldError, LabelError, TextTooLong, UnknownTask
from tasks.instruction import Wording
from tasks.ontology import Ontology

_PARTS = {
    "entity_types": "entities",
    "relation_types": "relations",
    "event_types": "events",
}
_SHOWN = 64


def extraction_request(
    body: TaskBody, settings: Settings, task: Task | None = None
) -> ExtractionRequest:
    """Build the request to the pipeline.

    Args:
        body: the parsed body.
        settings: the limits and the default ontology.
        task: the only task of the route; None takes the tasks that the body names.

    Raises:
        InputError: one of its leaves, where a field is invalid.
    """
    parts = document_parts(body, settings)
    if parts is None:
        check_input(body, settings)
    tasks = _tasks(body) if task is None else frozenset({task})
    labels = _ontology(body, settings)
    if body.mentions is not None:
        check_mentions(body.mentions, body.text, tasks, labels, settings)
    typed = all_typed(body.mentions)
    if any(text.strip() for text in texts_of(body)) and not typed:
        _check_answerable(tasks, labels)
    named = task is not None or getattr(body, "tasks", None) is not None
    return ExtractionRequest(
        text=body.text,
        image=body.image,
        tasks=tasks,
        ontology=labels,
        min_score=body.min_score,
        regions=body.regions,
        warnings=_without_labels(tasks, labels, typed) if named else (),
        alternatives=body.alternatives,
        utf16=body.offsets == "utf16",
        mentions=body.mentions,
        parts=parts,
        context=checked_context(body, settings),
    )


def instruction_request(body: InstructBody, settings: Settings) -> InstructionRequest:
    """Build the request of a free instruction; raises leaves of `InputError`."""
    check_input(body, settings)
    for field, labels in (("spots", body.spots), ("asocs", body.asocs)):
        check_labels(labels, field, settings)
    for field in ("before", "after"):
        _check_length(getattr(body, field), field, settings)
    pair = body.form == "pair"
    if body.form != "arguments" and pair != (body.head is not None):
        raise FieldError(
            "head must be given for the form pair, and may be given for arguments", field="head"
        )
    if pair != (body.tail is not None):
        raise FieldError(
            "tail must be given for the form pair, and for no other form", field="tail"
        )
    if body.constrained and pair and not body.asocs:
        raise LabelError("the form pair needs at least one relation in asocs", field="asocs")
    if body.constrained and not pair and not body.spots:
        raise LabelError(f"the form {body.form} needs at least one type in spots", field="spots")
    return InstructionRequest(
        text=body.text,
        image=body.image,
        regions=body.regions,
        wording=Wording(body.before, body.after),
        spots=tuple(body.spots),
        asocs=tuple(body.asocs),
        form=FORMS[body.form],
        head=_offsets(body.head, body.text, "head"),
        tail=_offsets(body.tail, body.text, "tail"),
        constrained=body.constrained,
    )


def validation_problem(error: ValidationError) -> FieldError | HTTPException:
    """The first fault that pydantic found, as an error that does not repeat the input."""
    rows = error.errors(include_url=False, include_context=False, include_input=False)
    row = max(rows, key=lambda row: len(row["loc"]))  # of a union, the branch that matched furthest
    if row["type"] == "json_invalid":
        return HTTPException(400, row["msg"])
    if not row["loc"]:
        return HTTPException(400, "the body must be one JSON object")
    field = str(row["loc"][0])[:_SHOWN]
    if row["type"] == "extra_forbidden" and len(row["loc"]) == 1:
        return FieldError(f"there is no field {field!r}", field=field)
    kind = LabelError if field in LABEL_FIELDS else FieldError
    if row["type"] == "string_pattern_mismatch":
        return kind(f"{field}: a name must not be blank", field=field)
    return kind(f"{field}: {row['msg'][:1].lower()}{row['msg'][1:]}", field=field)


def check_input(body: TaskBody | InstructBody | ChooseBody, settings: Settings) -> None:
    """Check that there is a text within its limit or an image; raises leaves of `InputError`."""
    _check_length(body.text, "text", settings)
    if body.image is None and not body.text.strip():
        raise EmptyInput("give a text, an image or both")
    if body.image is None and body.regions is not None:
        raise FieldError("regions need an image", field="regions")


def _check_length(text: str, field: str, settings: Settings) -> None:
    if len(text) > settings.max_text_chars:
        raise TextTooLong(
            f"{field} must have at most {settings.max_text_chars} characters, not {len(text)}",
            limit=settings.max_text_chars,
        )


def _offsets(given: list[int] | None, text: str, field: str) -> tuple[int, int] | None:
    if given is None:
        return None
    start, end = given
    if not 0 <= start < end <= len(text):
        raise FieldError(
            f"{field} must be the start and end of a non-empty span of the text", field=field
        )
    return start, end


def _tasks(body: TaskBody) -> frozenset[Task]:
    assert isinstance(body, ExtractBody)
    if body.tasks is None:
        return frozenset(Task)
    if any(name not in list(Task) for name in body.tasks):
        raise UnknownTask(f"tasks must be among {', '.join(Task)}", field="tasks")
    return frozenset(Task(name) for name in body.tasks)


def _check_answerable(tasks: Collection[Task], labels: Ontology) -> None:
    """Raise `FieldError` where the ontology has no labels for any of the tasks."""
    entities = bool(labels.entities) and not {Task.ENTITIES, Task.RELATIONS}.isdisjoint(tasks)
    events = bool(labels.events) and Task.EVENTS in tasks
    if not entities and not events:
        needed = "event" if set(tasks) == {Task.EVENTS} else "entity"
        raise FieldError(
            f"the ontology {labels.name!r} has no {needed} types, so the answer for "
            f"{', '.join(sorted(tasks))} would be empty: give {needed}_types or another ontology",
            field="ontology",
        )


def _without_labels(
    tasks: Collection[Task], labels: Ontology, typed: bool
) -> tuple[AnswerWarning, ...]:
    """A warning for each task without labels; `typed` mentions stand for entity types."""
    entities = typed or bool(labels.entities)
    missing = {
        Task.ENTITIES: not entities,
        Task.RELATIONS: not (entities and labels.relations),
        Task.EVENTS: not labels.events,
    }
    return tuple(
        AnswerWarning(
            type="no-labels",
            field="tasks",
            detail=f"the ontology {labels.name!r} has no labels for {task}: {task} will be empty",
        )
        for task in Task
        if task in tasks and missing[task]
    )


def _ontology(body: TaskBody, settings: Settings) -> Ontology:
    base = _base(body.ontology, settings)
    for field, part in _PARTS.items():
        labels = getattr(body, field)
        if labels is None:
            continue
        check_labels(labels, field, settings)
        own = Ontology.of_labels(**{field: labels})
        base = dataclasses.replace(base, name=own.name, **{part: getattr(own, part)})
    return base


def _base(given: str | OntologyGiven | None, settings: Settings) -> Ontology:
    if not isinstance(given, OntologyGiven):
        return ontology.load(
            settings.ontology if given is None else given[: settings.max_label_chars]
        )
    size = len(given.model_dump_json().encode())
    if size > settings.max_ontology_bytes:
        raise FieldError(
            f"the ontology must have at most {settings.max_ontology_bytes} bytes as JSON, "
            f"not {size}",
            field="ontology",
        )
    own = ontology.parse(given.model_dump(exclude_none=True))
    types = [kind.name for kind in own.entities]
    for labels in (types, [r.name for r in own.relations], [e.name for e in own.events]):
        check_labels(labels, "ontology", settings)
    for event in own.events:
        check_labels(event.roles, "ontology", settings)
    if any(len(kind.parent or "") > settings.max_label_chars for kind in own.entities):
        raise LabelError(
            f"a parent must have at most {settings.max_label_chars} characters", field="ontology"
        )
    if types:
        known = frozenset(types)
        for relation in own.relations:
            _check_known((*relation.head, *relation.tail), known)
    return own


def _check_known(named: Iterable[str], types: Collection[str]) -> None:
    for name in named:
        if name not in types:
            raise FieldError(
                f"a relation names {name!r}, which is not an entity type of the ontology",
                field="ontology",
            )


def check_labels(labels: Sequence[str], field: str, settings: Settings) -> None:
    """Raise `LabelError` where there are too many labels, or one is too long or repeated."""
    if len(labels) > settings.max_labels:
        raise LabelError(
            f"{field} must have at most {settings.max_labels} labels, not {len(labels)}",
            field=field,
        )
    if any(len(label) > settings.max_label_chars for label in labels):
        raise LabelError(
            f"a label must have at most {settings.max_label_chars} characters", field=field
        )
    if len({label.casefold() for label in labels}) != len(labels):
        raise LabelError("a label must be given once", field=field)
