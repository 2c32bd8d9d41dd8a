"""Check the mentions of a request against its text, its labels and the limits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from schema.extraction import Task
from schema.mentions import FIELD, RequestMention
from service.settings import Settings
from tasks.errors import FieldError
from tasks.ontology import Ontology

_SHOWN_TYPES = 5


def check_mentions(
    mentions: Sequence[RequestMention],
    text: str,
    tasks: Collection[Task],
    labels: Ontology,
    settings: Settings,
) -> None:
    """Check the mentions that a request gives.

    Raises:
        FieldError: no task uses them, one is not a span of the text or overlaps another, or a type
            is not among the entity types. The message names the item.
    """
    if {Task.ENTITIES, Task.RELATIONS}.isdisjoint(tasks):
        raise _fault(FIELD, "are for the tasks entities and relations; ask for one of them")
    for index, mention in enumerate(mentions):
        path = f"{FIELD}[{index}]"
        check_span(mention.start, mention.end, text, path)
        _check_type(mention.type, labels, settings, path)
    order = sorted(range(len(mentions)), key=lambda at: (mentions[at].start, mentions[at].end))
    for before, behind in pairwise(order):
        if mentions[behind].start < mentions[before].end:
            what = f"overlaps {FIELD}[{before}]; give spans that do not overlap"
            raise _fault(f"{FIELD}[{behind}]", what)


def check_span(start: int, end: int, text: str, path: str) -> None:
    """Raise `FieldError`, about `path`, unless text[start:end] is a span without outer spaces."""
    if end > len(text):
        raise _fault(path, f"ends at {end}, behind the text, which has {len(text)} characters")
    if text[start].isspace() or text[end - 1].isspace():
        raise _fault(path, "begins or ends with white space; give the words alone")


def all_typed(mentions: Sequence[RequestMention] | None) -> bool:
    """Whether mentions are given and every one has a type."""
    return bool(mentions) and all(mention.type is not None for mention in mentions or ())


def _check_type(kind: str | None, labels: Ontology, settings: Settings, path: str) -> None:
    names = [entity.name for entity in labels.entities]
    if kind is None:
        if not names:
            raise _fault(path, "needs a type: the request lists no entity types to choose from")
        return
    if len(kind) > settings.max_label_chars:
        raise _fault(f"{path}.type", f"must have at most {settings.max_label_chars} characters")
    if names and kind not in names:
        shown = ", ".join(names[:_SHOWN_TYPES]) + (", …" if len(names) > _SHOWN_TYPES else "")
        raise _fault(
            f"{path}.type",
            f"is not among the entity types ({shown}); give one of them, or list it in "
            "entity_types",
        )


def _fault(path: str, what: str) -> FieldError:
    return FieldError(f"{path} {what}", field=path.partition("[")[0])
