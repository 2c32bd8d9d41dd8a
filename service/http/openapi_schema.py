"""Complete the OpenAPI document with what FastAPI does not derive: request bodies and security.

`python -m service.http.openapi` prints the document with default settings.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schema.fields import VISIBLE
from schema.requests import ChooseBody, ExtractBody, GroundBody, InstructBody, TaskBody
from schema.responses import STREAMED_LINES, BatchAnswer, Problem
from service.http.middleware.gatekeeper import PUBLIC
from service.settings import Settings
from tasks import ontology

Schema = dict[str, Any]

BODIES: tuple[type[BaseModel], ...] = (ExtractBody, TaskBody, InstructBody, ChooseBody, GroundBody)
_NEEDED: dict[type[BaseModel], tuple[tuple[str, ...], ...]] = {
    ChooseBody: (("text", "span"), ("text", "head", "tail")),
    GroundBody: (("image",),),
}
"""Fields of which a body needs all of one group; others need a text or an image."""

_NOT_NULL: Schema = {
    "text": {"type": "string", "pattern": VISIBLE},
    "image": {"type": "string"},
    "span": {"type": ["object", "array"]},
    "head": {"type": ["object", "array"]},
    "tail": {"type": ["object", "array"]},
}
_REF = "#/components/schemas/{model}"
_EXAMPLES: dict[type[BaseModel], Schema] = {
    ExtractBody: {"text": "Kyrie Irving joined the Celtics", "tasks": ["entities"]},
    TaskBody: {"text": "Kyrie Irving joined the Celtics", "ontology": "twitter4"},
    InstructBody: {"text": "Kyrie Irving joined the Celtics", "spots": ["person", "organization"]},
    ChooseBody: {
        "text": "Kyrie Irving joined the Celtics",
        "span": {"start": 24, "end": 31},
        "options": ["person", "team"],
    },
    GroundBody: {
        "image": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        "phrases": ["a red flag"],
    },
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_DOCUMENT = {
    "type": "string",
    "format": "binary",
    "description": "A .txt, .md, .html, .docx or .pdf file, whose text is read instead of `text`.",
}
_OFFSETS = ("Start and end, separated by a comma.", {"pattern": "^[0-9]{1,9},[0-9]{1,9}$"})
_STRINGS_IN_FORMS: dict[str, tuple[str, Schema]] = {
    "regions": ("As a JSON list.", {"pattern": r"^\["}),
    "mentions": ("As a JSON list.", {"pattern": r"^\["}),
    "ontology": (
        "A name, or an ontology in YAML or JSON, as a file or in the field itself.",
        {"pattern": VISIBLE},
    ),
    "span": _OFFSETS,
    "head": _OFFSETS,
    "tail": _OFFSETS,
}


def ref(model: type[BaseModel]) -> Schema:
    """A reference to the schema of a model."""
    return {"$ref": _REF.format(model=model.__name__)}


def body_of(model: type[BaseModel]) -> Schema:
    """The request body that a route declares for a model: JSON or a form."""
    form = {"$ref": _REF.format(model=_form_name(model))}
    fields = {"$ref": _REF.format(model=_fields_name(model))}
    content: Schema = {
        "application/json": {"schema": ref(model), "example": _EXAMPLES[model]},
        "multipart/form-data": {"schema": form},
    }
    if _works_without_files(model):
        content["application/x-www-form-urlencoded"] = {"schema": fields}
    return {"required": True, "content": content}


def install(app: FastAPI, settings: Settings) -> None:
    """Make `app` serve the completed document."""
    generate = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            document = generate()
            schemas = document["components"]["schemas"]
            schemas |= _components(settings)
            document["components"]["securitySchemes"] = _SECURITY
            for path, methods in document["paths"].items():
                for operation in methods.values():
                    _drop_unused(operation)
                    if path not in PUBLIC:
                        operation["security"] = [{}, *({name: []} for name in _SECURITY)]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _drop_unused(operation: Schema) -> None:
    """Drop the 422 that FastAPI adds for path parameters, which are never invalid."""
    declared = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in declared:
        del operation["responses"]["422"]


def _components(settings: Settings) -> Schema:
    models = [*((model, "validation") for model in BODIES), (Problem, "serialization")]
    models += [(line, "serialization") for line in (BatchAnswer, *STREAMED_LINES)]
    _, made = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    schemas: Schema = made["$defs"]
    for part in ("entities", "relations", "events"):
        schemas["OntologyGiven"]["properties"][part]["anyOf"][1] = _shipped()
    for model in BODIES:
        schema = schemas[model.__name__]
        _limit(schema["properties"], settings)
        _admit_null(schema)
        schemas[_form_name(model)] = _as_form(model, schema, with_files=True)
        if _works_without_files(model):
            schemas[_fields_name(model)] = _as_form(model, schema, with_files=False)
        schema["anyOf"] = [_needs(group, _NOT_NULL) for group in _groups(model)]
        if "parts" in schema["properties"]:
            _add_parts(schema["anyOf"])
    return schemas


def _groups(model: type[BaseModel]) -> tuple[tuple[str, ...], ...]:
    return _NEEDED.get(model, (("text",), ("image",)))


def _works_without_files(model: type[BaseModel]) -> bool:
    return any("image" not in group for group in _groups(model))


def _add_parts(choices: list[Schema]) -> None:
    """Add the choice of parts, which excludes the fields of one text and one image."""
    for choice in choices:
        choice["properties"]["parts"] = {"type": "null"}
    needed = _needs(("parts",), {"parts": {"type": "array"}})
    needed["properties"] |= {name: {"type": "null"} for name in ("text", "image", "regions")}
    choices.append(needed)


def _limit(properties: Schema, settings: Settings) -> None:
    for name in ("text", "before", "after"):
        if name in properties:
            properties[name]["maxLength"] = settings.max_text_chars
    if "context" in properties:
        properties["context"]["maxLength"] = settings.max_context_chars
        properties["parts"]["anyOf"][0]["maxItems"] = settings.max_parts
    for name, schema in properties.items():
        for choice in (schema, *schema.get("anyOf", ())):
            if choice.get("items", {}).get("pattern") == VISIBLE:
                choice["maxItems"] = settings.max_labels
                choice["items"]["maxLength"] = settings.max_label_chars
                choice["uniqueItems"] = True
        if name == "ontology":
            schema["anyOf"][0] = _shipped()


def _admit_null(body: Schema) -> None:
    """Accept null for every field that is not required: it stands for an absent one."""
    properties = body["properties"]
    annotations = {"title", "description", "default", "examples"}
    for name, schema in properties.items():
        if "anyOf" not in schema and name not in body.get("required", ()):
            rest = {key: value for key, value in schema.items() if key in annotations}
            bare = {key: value for key, value in schema.items() if key not in annotations}
            properties[name] = {"anyOf": [bare, {"type": "null"}], **rest}


def _shipped() -> Schema:
    return {"type": "string", "enum": ontology.names()}


def _as_form(model: type[BaseModel], schema: Schema, *, with_files: bool) -> Schema:
    """The schema of the same fields in a form, which has neither null nor nesting."""
    form = copy.deepcopy(schema)
    form["title"] = schema["title"].replace("Body", "Form" if with_files else "Fields")
    form["description"] += " Lists are separated by commas, or the field is repeated."
    if form["properties"].pop("parts", None):
        form["description"] += " Repeated fields `text` and `image` are the parts of a document."
    groups = [group for group in _groups(model) if with_files or "image" not in group]
    form["anyOf"] = [_needs(group, {"text": {"pattern": VISIBLE}}) for group in groups]
    properties = form["properties"]
    for name, field in properties.items():
        choices = [c for c in field.pop("anyOf", []) if c.get("type") != "null"]
        if choices:
            field |= choices[0]
        if field.get("default", 0) is None:
            del field["default"]
        if name in _STRINGS_IN_FORMS:
            note, constraint = _STRINGS_IN_FORMS[name]
            description = f"{field.get('description', '')} {note}".strip()
            properties[name] = {"type": "string", "description": description, **constraint}
        elif field.get("type") == "array" and "enum" not in field["items"]:
            field["items"]["pattern"] = r"^[^,]*[^\s,][^,]*$"
            del field["uniqueItems"]
    if with_files:
        properties["image"] = {
            "type": "string",
            "format": "binary",
            "description": properties["image"]["description"],
        }
        if "ontology" in properties:
            properties["document"] = _DOCUMENT
            form["anyOf"].append(_needs(("document",), {}))
    else:
        del properties["image"]
        del properties["regions"]
    return form


def _needs(names: tuple[str, ...], kinds: Schema) -> Schema:
    """All of these fields, those in `kinds` of their kind."""
    known = {name: kinds[name] for name in names if name in kinds}
    required: Schema = {"required": list(names)}
    return {**required, "properties": known} if known else required


def _form_name(model: type[BaseModel]) -> str:
    return model.__name__.replace("Body", "Form")


def _fields_name(model: type[BaseModel]) -> str:
    return model.__name__.replace("Body", "Fields")
