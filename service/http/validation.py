"""From a valid body to what the extractor is asked, within the limits of the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

from schema.extraction import AnswerWarning, Task
from schema.requests import ExtractBody, InstructBody, OntologyGiven, TaskBody
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


def extraction_request(
    body: TaskBody, settings: Settings, task: Task | None = None
) -> ExtractionRequest:
    """What the extractor is asked; of one `task`, or of those that the body names.

    Raises leaves of `InputError`.
    """
    _check_input(body, settings)
    tasks = _tasks(body) if task is None else frozenset({task})
    labels = _ontology(body, settings)
    if body.text.strip():
        _check_answerable(tasks, labels)
    named = task is not None or getattr(body, "tasks", None) is not None
    return ExtractionRequest(
        text=body.text,
        image=body.image,
        tasks=tasks,
        ontology=labels,
        min_score=body.min_score,
        regions=body.regions,
        warnings=_without_labels(tasks, labels) if named else (),
    )


def instruction_request(body: InstructBody, settings: Settings) -> InstructionRequest:
    """What the extractor is told; raises leaves of `InputError`."""
    _check_input(body, settings)
    for field, labels in (("spots", body.spots), ("asocs", body.asocs)):
        _check_labels(labels, field, settings)
    for field in ("before", "after"):
        _check_length(getattr(body, field), field, settings)
    pair = body.form == "pair"
    for field in ("head", "tail"):
        if pair != (getattr(body, field) is not None):
            raise FieldError(f"the pair form, and no other, has a {field}", field=field)
    if body.constrained and pair and not body.asocs:
        raise LabelError("the pair form needs relations to choose from", field="asocs")
    if body.constrained and not pair and not body.spots:
        raise LabelError(f"the {body.form} form needs types to choose from", field="spots")
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


def _check_input(body: TaskBody | InstructBody, settings: Settings) -> None:
    _check_length(body.text, "text", settings)
    if body.image is None and not body.text.strip():
        raise EmptyInput("give a text, an image or both")
    if body.image is None and body.regions is not None:
        raise FieldError("regions are parts of an image, which is missing", field="regions")


def _check_length(text: str, field: str, settings: Settings) -> None:
    if len(text) > settings.max_text_chars:
        raise TextTooLong(
            f"{field} has {len(text)} characters, at most {settings.max_text_chars} are admitted",
            limit=settings.max_text_chars,
        )


def _offsets(given: list[int] | None, text: str, field: str) -> tuple[int, int] | None:
    if given is None:
        return None
    start, end = given
    if not 0 <= start < end <= len(text):
        raise FieldError(f"{field} must be start and end of a part of the text", field=field)
    return start, end


def _tasks(body: TaskBody) -> frozenset[Task]:
    assert isinstance(body, ExtractBody)
    if body.tasks is None:
        return frozenset(Task)
    if any(name not in list(Task) for name in body.tasks):
        raise UnknownTask(f"the tasks are {', '.join(Task)}", field="tasks")
    return frozenset(Task(name) for name in body.tasks)


def _check_answerable(tasks: Collection[Task], labels: Ontology) -> None:
    """Raise `FieldError` where nothing can be found, which an empty answer would not tell."""
    entities = bool(labels.entities) and not {Task.ENTITIES, Task.RELATIONS}.isdisjoint(tasks)
    events = bool(labels.events) and Task.EVENTS in tasks
    if not entities and not events:
        needed = "event" if set(tasks) == {Task.EVENTS} else "entity"
        raise FieldError(
            f"the ontology {labels.name!r} has no {needed} types, so nothing can be found for "
            f"{', '.join(sorted(tasks))}: give {needed}_types or another ontology",
            field="ontology",
        )


def _without_labels(tasks: Collection[Task], labels: Ontology) -> tuple[AnswerWarning, ...]:
    """A warning for each task that was named and has no labels to find."""
    missing = {
        Task.ENTITIES: not labels.entities,
        Task.RELATIONS: not (labels.entities and labels.relations),
        Task.EVENTS: not labels.events,
    }
    return tuple(
        AnswerWarning(
            type="no-labels",
            field="tasks",
            detail=f"the ontology {labels.name!r} has no labels for {task}, which stay empty",
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
        _check_labels(labels, field, settings)
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
            f"the ontology has {size} bytes as JSON, at most {settings.max_ontology_bytes} are "
            "admitted",
            field="ontology",
        )
    own = ontology.parse(given.model_dump(exclude_none=True))
    types = [kind.name for kind in own.entities]
    for labels in (types, [r.name for r in own.relations], [e.name for e in own.events]):
        _check_labels(labels, "ontology", settings)
    for event in own.events:
        _check_labels(event.roles, "ontology", settings)
    if types:
        known = frozenset(types)
        for relation in own.relations:
            _check_known((*relation.head, *relation.tail), known)
    return own


def _check_known(named: Iterable[str], types: Collection[str]) -> None:
    for name in named:
        if name not in types:
            raise FieldError(
                f"a relation is between {name!r}, which is no entity type of the ontology",
                field="ontology",
            )


def _check_labels(labels: Sequence[str], field: str, settings: Settings) -> None:
    if len(labels) > settings.max_labels:
        raise LabelError(
            f"{len(labels)} labels, at most {settings.max_labels} are admitted", field=field
        )
    if any(len(label) > settings.max_label_chars for label in labels):
        raise LabelError(
            f"a label has more than the {settings.max_label_chars} characters that are admitted",
            field=field,
        )
    if len({label.casefold() for label in labels}) != len(labels):
        raise LabelError("a label is given twice", field=field)
