"""The command-line options of an extraction request, and the request fields they set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.help_panels import REQUEST
from cli.inputs.document import split_list
from cli.inputs.files import read_bytes, shown
from tasks.errors import DataError

_FILES = frozenset({".yaml", ".yml", ".json"})

TasksOption = Annotated[
    str | None,
    typer.Option(
        metavar="TASK,…",
        help="Any of entities, relations, events; all by default.",
        rich_help_panel=REQUEST,
    ),
]
OntologyOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|FILE",
        help="Labels: name of a shipped ontology, or a .yaml or .json file.",
        rich_help_panel=REQUEST,
    ),
]
EntityTypesOption = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE,…",
        help="Entity types that replace those of the ontology.",
        rich_help_panel=REQUEST,
    ),
]
RelationTypesOption = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE,…",
        help="Relation types that replace those of the ontology.",
        rich_help_panel=REQUEST,
    ),
]
EventTypesOption = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE,…",
        help="Event types that replace those of the ontology.",
        rich_help_panel=REQUEST,
    ),
]
MinScoreOption = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Smallest score of results.", rich_help_panel=REQUEST),
]


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The options as given; None for an option that is not given."""

    tasks: str | None = None
    ontology: str | None = None
    entity_types: str | None = None
    relation_types: str | None = None
    event_types: str | None = None
    min_score: float | None = None

    def fields(self) -> dict[str, Any]:
        """The fields of a request; raises `DataError` if an ontology file cannot be read."""
        lists = ("tasks", "entity_types", "relation_types", "event_types")
        fields: dict[str, Any] = {
            name: split_list(words) for name in lists if (words := getattr(self, name)) is not None
        }
        if self.ontology is not None:
            fields["ontology"] = _ontology(self.ontology)
        if self.min_score is not None:
            fields["min_score"] = self.min_score
        return fields


def _ontology(given: str) -> Any:
    path = Path(given)
    if path.suffix.lower() not in _FILES:
        return given
    from service.http.safe_yaml import read_plain_yaml

    data = read_bytes(path)
    try:
        tree = json.loads(json.dumps(read_plain_yaml(data), allow_nan=False))
    except Exception as error:  # PyYAML's constructors raise nearly any type for odd tags
        reason = " ".join(str(error).split())
        raise DataError(f"{shown(path)} is not plain YAML or JSON: {reason}") from error
    if not isinstance(tree, dict):
        raise DataError(f"{shown(path)} is not an ontology: see tasks/ontologies for the format")
    return tree
